"""The client itself: one object with a sub-client for each service."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from nerkh._options import TLS, Backoff, Options, Timeout
from nerkh._sync._admin import AdminClient
from nerkh._sync._history import HistoryClient
from nerkh._sync._market import MarketClient
from nerkh._sync._monitoring import MonitoringClient
from nerkh._sync._news import NewsClient
from nerkh._sync._onchain import OnchainClient
from nerkh._sync._sentiment import SentimentClient
from nerkh._transport import Channel, Transport


class Client:
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
        channel: Channel | None = None,
    ) -> None:
        options = Options(target, tls, token, tuple(metadata), timeout, backoff or Backoff())
        self._transport = Transport(options, channel)
        self.market = MarketClient(self._transport)
        self.news = NewsClient(self._transport)
        self.sentiment = SentimentClient(self._transport)
        self.onchain = OnchainClient(self._transport)
        self.history = HistoryClient(self._transport)
        self.monitoring = MonitoringClient(self._transport)
        self.admin = AdminClient(self._transport)

    def close(self) -> None:
        """Close the connection; what is in flight fails."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.options.target}>"
