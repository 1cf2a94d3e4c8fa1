"""ListCandles of MarketService: requests checked, the service asked, the series converted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nerkh.v1 import market_pb2

from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.market import candle_message
from server.rpc.convert.plain import interval_in, known_view, name_in, range_in
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.rpc.market import AN_ASSET, SERVICE
from server.rpc.pages import PageTokens, page_size
from server.services.candles import CandleBook, Span
from server.services.naming import Names


class CandleServicer:
    """Answers ListCandles."""

    def __init__(self, candles: CandleBook, names: Names, tokens: PageTokens) -> None:
        self._candles = candles
        self._names = names
        self._tokens = tokens

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        return (Unary(f"/{SERVICE}/ListCandles", market_pb2.ListCandlesRequest, self.list_candles, LIST_S),)

    async def list_candles(self, request: Any, call: Call) -> market_pb2.ListCandlesResponse:
        """Answer with a page of candles, stored and fetched ones as one series."""
        full = known_view(request)
        interval, quote = interval_in(request.interval), self._names.quote(request.quote)
        start, end = range_in(request)
        size, cursor = page_size(request, 100, 1000), self._tokens.read(request)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        if cursor is not None and isinstance(cursor[0], datetime):
            start, end = (cursor[0], end) if start is not None else (None, cursor[0])
        series = await self._candles.page(Span(named.asset, interval, quote, start, end, size), call.left_s())
        call.note(series.provenance)
        return market_pb2.ListCandlesResponse(
            asset=named.asset.id,
            symbol=named.asset.symbol,
            quote=series.quote,
            interval=interval.token,
            candles=[candle_message(candle) for candle in series.candles],
            next_page_token=self._tokens.next(None if series.after is None else (series.after,), request),
            provenance=provenance_message(series.provenance, full=full),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
        )
