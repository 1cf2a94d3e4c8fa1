"""MarketService but for its candles and its stream: requests checked, the service asked, answers converted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nerkh.v1 import market_pb2, types_pb2

from server.clock import Clock
from server.errors import InvalidField, SourcesFailed
from server.model import Answer, Attempt, Kind, Provenance, QuoteList, SourceQuote
from server.rpc.calls import LIST_S, PRICE_S, SINGLE_S, Call, Method, Unary
from server.rpc.convert.market import (
    asset_message,
    named_price_message,
    overview_message,
    price_message,
    quote_message,
    trending_message,
)
from server.rpc.convert.monitoring import tier_value
from server.rpc.convert.plain import known_view, name_in, optional_name, optional_text, span_message
from server.rpc.convert.provenance import attempt_message, candidate_messages, provenance_message
from server.rpc.pages import PageTokens, page_of, page_size
from server.rpc.status import refusal_of
from server.services.answers import merged, own
from server.services.market import Market, Order, Priced, Unpriced, sort_key
from server.services.naming import Names

SERVICE = "nerkh.v1.MarketService"
AN_ASSET = "an id such as bitcoin, a symbol such as BTC, a source's id or a CAIP-19 id"
MOST_ASSETS = 100

_ORDERS = {0: Order.MARKET_CAP, 1: Order.MARKET_CAP, 2: Order.GAINERS, 3: Order.LOSERS}


class MarketServicer:
    """Answers MarketService."""

    def __init__(self, market: Market, names: Names, tokens: PageTokens, clock: Clock) -> None:
        self._market = market
        self._names = names
        self._tokens = tokens
        self._clock = clock

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path = f"/{SERVICE}/"
        return (
            Unary(path + "GetPrice", market_pb2.GetPriceRequest, self.get_price, PRICE_S, kept=Kind.PRICE),
            Unary(path + "BatchGetPrices", market_pb2.BatchGetPricesRequest, self.batch_get_prices, LIST_S),
            Unary(path + "ListPrices", market_pb2.ListPricesRequest, self.list_prices, LIST_S),
            Unary(path + "ListQuotes", market_pb2.ListQuotesRequest, self.list_quotes, SINGLE_S),
            Unary(path + "ListIntervals", market_pb2.ListIntervalsRequest, self.list_intervals, LIST_S),
            Unary(path + "ListAssets", market_pb2.ListAssetsRequest, self.list_assets, LIST_S),
            Unary(path + "GetAsset", market_pb2.GetAssetRequest, self.get_asset),
            Unary(path + "GetMarketOverview", market_pb2.GetMarketOverviewRequest, self.get_market_overview),
            Unary(path + "ListTrendingAssets", market_pb2.ListTrendingAssetsRequest, self.list_trending_assets, LIST_S),
        )

    async def get_price(self, request: Any, call: Call) -> market_pb2.GetPriceResponse:
        """Answer with the price of one asset."""
        full = known_view(request)
        quote = self._names.quote(request.quote)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        answer = await self._market.price(named.asset, quote, call.left_s())
        call.note(answer.provenance)
        call.keep(answer.provenance, self._market.fresh_until(named.asset, quote))
        price = named_price_message(answer.value, named, answer.provenance, full=full)
        return market_pb2.GetPriceResponse(price=price)

    async def batch_get_prices(self, request: Any, call: Call) -> market_pb2.BatchGetPricesResponse:
        """Answer with the prices that could be had and the names of the assets whose price could not."""
        full = known_view(request)
        quote = self._names.quote(request.quote)
        texts = [name_in(text, f"assets[{place}]", AN_ASSET) for place, text in enumerate(request.assets)]
        if not 1 <= len(texts) <= MOST_ASSETS:
            raise InvalidField("assets", f"{len(texts)} assets", f"1 to {MOST_ASSETS} assets")
        response = market_pb2.BatchGetPricesResponse()
        for row in await self._market.prices(texts, quote, call.left_s()):
            match row:
                case Priced(named, answer):
                    response.prices.append(named_price_message(answer.value, named, answer.provenance, full=full))
                case Unpriced():
                    response.failures.append(_failure(row, call, full=full))
        return response

    async def list_prices(self, request: Any, call: Call) -> market_pb2.ListPricesResponse:
        """Answer with a page of prices by market cap, or of those that moved most."""
        full = known_view(request)
        quote = self._names.quote(request.quote)
        order = _ORDERS.get(request.order_by)
        if order is None:
            raise InvalidField("order_by", request.order_by, "MARKET_CAP, GAINERS or LOSERS")
        size, after = page_size(request, 100, 250), self._tokens.read(request)
        answer = await self._market.listing(quote, order, call.left_s())
        call.note(answer.provenance)
        page, cursor = page_of(answer.value.prices, after, size, lambda price: sort_key(order, price))
        return market_pb2.ListPricesResponse(
            prices=[price_message(price, self._names.by_id(price.asset), None) for price in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(answer.provenance, full=full),
        )

    async def list_quotes(self, request: Any, call: Call) -> market_pb2.ListQuotesResponse:
        """Answer with what each source says of one asset's price, the best tier first."""
        full = known_view(request)
        quote = self._names.quote(request.quote)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        size, after = page_size(request, 100, 100), self._tokens.read(request)
        found = await self._market.quotes(named.asset, quote, call.left_s())
        provenance = _origin_of(found)
        call.note(provenance, courses=())
        page, cursor = page_of(found.quotes, after, size, _quote_place)
        return market_pb2.ListQuotesResponse(
            asset=named.asset.id,
            symbol=named.asset.symbol,
            quote=quote,
            quotes=[quote_message(each) for each in page],
            next_page_token=self._tokens.next(cursor, request),
            value=optional_text(found.value),
            confidence=optional_text(found.confidence),
            agreement=types_pb2.Agreement(agreed=found.agreed, asked=found.asked),
            provenance=provenance_message(provenance, full=full),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
        )

    async def list_intervals(self, request: Any, call: Call) -> market_pb2.ListIntervalsResponse:
        """Answer with the intervals in which candles of an asset can be had, and from where."""
        quote = self._names.quote(request.quote)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        size, after = page_size(request, 100, 100), self._tokens.read(request)
        rows = self._market.intervals(named.asset, quote)
        page, cursor = page_of(rows, after, size, lambda row: (row[0].span.total_seconds(),))
        return market_pb2.ListIntervalsResponse(
            asset=named.asset.id,
            intervals=[
                market_pb2.CandleInterval(interval=each.token, span=span_message(each.span), sources=sources)
                for each, sources in page
            ],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(own(self._clock.now())),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
        )

    async def list_assets(self, request: Any, _call: Call) -> market_pb2.ListAssetsResponse:
        """Answer with a page of the registry's assets."""
        search = optional_name(request.search, "search", "a text")
        chain = optional_name(request.chain, "chain", "a chain's id or alias")
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        page, cursor = page_of(self._market.assets(search, chain), after, size, lambda asset: (asset.rank, asset.id))
        return market_pb2.ListAssetsResponse(
            assets=[asset_message(asset) for asset in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(own(self._clock.now())),
        )

    async def get_asset(self, request: Any, call: Call) -> market_pb2.GetAssetResponse:
        """Answer with one asset."""
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        return market_pb2.GetAssetResponse(
            asset=asset_message(named.asset),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
            provenance=provenance_message(own(self._clock.now())),
        )

    async def get_market_overview(self, request: Any, call: Call) -> market_pb2.GetMarketOverviewResponse:
        """Answer with figures of the market as a whole."""
        full = known_view(request)
        answer = await self._market.overview(call.left_s())
        call.note(answer.provenance)
        return market_pb2.GetMarketOverviewResponse(
            overview=overview_message(answer.value), provenance=provenance_message(answer.provenance, full=full)
        )

    async def list_trending_assets(self, request: Any, call: Call) -> market_pb2.ListTrendingAssetsResponse:
        """Answer with a page of the assets that draw most attention."""
        full = known_view(request)
        size, after = page_size(request, 25, 100), self._tokens.read(request)
        answer = await self._market.trending(call.left_s())
        call.note(answer.provenance)
        page, cursor = page_of(answer.value.assets, after, size, lambda each: (each.position, each.symbol, each.name))
        return market_pb2.ListTrendingAssetsResponse(
            assets=[trending_message(each) for each in page],
            next_page_token=self._tokens.next(cursor, request),
            provenance=provenance_message(answer.provenance, full=full),
        )


def _origin_of(found: QuoteList) -> Provenance:
    """Return where a list of quotes came from, with what they agree on."""
    whole = merged([Answer(each.price, each.provenance) for each in found.quotes], found.attempts)
    return replace(whole, confidence=found.confidence, agreed=found.agreed, asked=found.asked)


def _quote_place(quote: SourceQuote) -> tuple[int, str]:
    """Return what orders quotes: the best tier first."""
    return tier_value(quote.tier), quote.provenance.source


def _failure(row: Unpriced, call: Call, *, full: bool) -> market_pb2.PriceFailure:
    refusal = refusal_of(row.error, call.request_id)
    attempts = row.error.attempts if full and isinstance(row.error, SourcesFailed) else ()
    return market_pb2.PriceFailure(
        asset=row.text,
        reason=refusal.reason,
        message=refusal.message,
        suggestions=getattr(row.error, "suggestions", ()),
        attempts=[attempt_message(each) for each in attempts if isinstance(each, Attempt)],
    )
