"""The client itself: one object with a sub-client for each service."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from nerkh._async._admin import AsyncAdminClient
from nerkh._async._history import AsyncHistoryClient
from nerkh._async._market import AsyncMarketClient
from nerkh._async._monitoring import AsyncMonitoringClient
from nerkh._async._news import AsyncNewsClient
from nerkh._async._onchain import AsyncOnchainClient
from nerkh._async._sentiment import AsyncSentimentClient
from nerkh._options import TLS, Backoff, Options, Timeout
from nerkh._transport import AsyncChannel, AsyncTransport


class AsyncClient:
    """A client of the service at `target`, such as `localhost:50051`; close it, or use it in a `with` block.

    `tls` switches encryption on. `token` is sent as a bearer token, `metadata` with every call. `timeout` holds for
    every call that is given none. `backoff` says how streams resume. `channel` replaces the one that would be made,
    and with it `target` and `tls`.
    """

    def __init__(
        self,
        target: str = "localhost:50051",
        *,
        tls: TLS | None = None,
        token: str | None = None,
        metadata: Iterable[tuple[str, str]] = (),
        timeout: Timeout = 10.0,
        backoff: Backoff | None = None,
        channel: AsyncChannel | None = None,
    ) -> None:
        options = Options(target, tls, token, tuple(metadata), timeout, backoff or Backoff())
        self._transport = AsyncTransport(options, channel)
        self.market = AsyncMarketClient(self._transport)
        self.news = AsyncNewsClient(self._transport)
        self.sentiment = AsyncSentimentClient(self._transport)
        self.onchain = AsyncOnchainClient(self._transport)
        self.history = AsyncHistoryClient(self._transport)
        self.monitoring = AsyncMonitoringClient(self._transport)
        self.admin = AsyncAdminClient(self._transport)

    async def close(self) -> None:
        """Close the connection; what is in flight fails."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.options.target}>"
