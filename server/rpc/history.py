"""HistoryService: requests checked, the store read, rows converted, holes named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nerkh.v1 import history_pb2, types_pb2

from server.clock import Clock
from server.model import Freshness, Provenance
from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.news import LABEL
from server.rpc.convert.plain import decimal_text, name_in, optional_name, optional_text, range_in, timestamp
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.rpc.market import AN_ASSET
from server.rpc.pages import PageTokens, page_size
from server.services.answers import OWN, STORE
from server.services.history import History, Hole, HourlyMood, Range
from server.services.naming import Names
from server.services.sentiment_model import MODEL, label_of
from server.store.rows import FearGreedRow, GasRow, PriceRow

SERVICE = "nerkh.v1.HistoryService"


class HistoryServicer:
    """Answers HistoryService."""

    def __init__(self, history: History, names: Names, tokens: PageTokens, clock: Clock) -> None:
        self._history = history
        self._names = names
        self._tokens = tokens
        self._clock = clock

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        path, pb = f"/{SERVICE}/", history_pb2
        return (
            Unary(path + "ListPriceObservations", pb.ListPriceObservationsRequest, self.list_prices, LIST_S),
            Unary(path + "ListGasObservations", pb.ListGasObservationsRequest, self.list_gas, LIST_S),
            Unary(path + "ListSentimentObservations", pb.ListSentimentObservationsRequest, self.list_sentiment, LIST_S),
        )

    async def list_prices(self, request: Any, call: Call) -> history_pb2.ListPriceObservationsResponse:
        """Answer with a page of stored prices."""
        quote, span = self._names.quote(request.quote), self._range(request)
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        named = self._names.asset(name_in(request.asset, "asset", AN_ASSET))
        call.asset = named.asset.id
        found = await self._history.prices(named.asset.id, quote, span, after, size)
        return history_pb2.ListPriceObservationsResponse(
            asset=named.asset.id,
            symbol=named.asset.symbol,
            quote=quote,
            points=[_price_point(row) for row in found.rows],
            gaps=_gaps(found.gaps),
            next_page_token=self._tokens.next(found.after, request),
            provenance=self._provenance(call),
            ambiguous=bool(named.candidates),
            candidates=candidate_messages(named.candidates),
        )

    async def list_gas(self, request: Any, call: Call) -> history_pb2.ListGasObservationsResponse:
        """Answer with a page of stored gas prices."""
        span = self._range(request)
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        chain = self._names.chain(name_in(request.chain, "chain", "a chain's id or alias"))
        call.chain = chain.id
        found = await self._history.gas(chain.id, span, after, size)
        units = [row.value.unit for row in found.rows]
        return history_pb2.ListGasObservationsResponse(
            chain=chain.id,
            unit=units[0] if units else "gwei" if chain.evm_id is not None else "sat/vB",
            points=[_gas_point(row) for row in found.rows],
            gaps=_gaps(found.gaps),
            next_page_token=self._tokens.next(found.after, request),
            provenance=self._provenance(call),
        )

    async def list_sentiment(self, request: Any, call: Call) -> history_pb2.ListSentimentObservationsResponse:
        """Answer with stored readings of the index, or with what was written about an asset hour by hour."""
        span = self._range(request)
        size, after = page_size(request, 100, 1000), self._tokens.read(request)
        text = optional_name(request.asset, "asset", AN_ASSET)
        response = history_pb2.ListSentimentObservationsResponse(provenance=self._provenance(call))
        if text:
            named = self._names.asset(text)
            call.asset = response.asset = named.asset.id
            response.ambiguous = bool(named.candidates)
            response.candidates.extend(candidate_messages(named.candidates))
            mood = await self._history.mood(named.asset.id, span, after, size)
            response.points.extend(_mood_point(row, simulated=self._history.simulated) for row in mood.rows)
            response.next_page_token = self._tokens.next(mood.after, request)
        else:
            index = await self._history.index(span, after, size)
            response.points.extend(_index_point(row) for row in index.rows)
            response.gaps.extend(_gaps(index.gaps))
            response.next_page_token = self._tokens.next(index.after, request)
        return response

    def _range(self, request: Any) -> Range:
        start, end = range_in(request)
        return Range(start, end, self._names.source(optional_name(request.source, "source", "a source's id")))

    def _provenance(self, call: Call) -> types_pb2.Provenance:
        provenance = Provenance(STORE, self._clock.now(), Freshness.STORED, simulated=self._history.simulated)
        call.source, call.freshness = provenance.source, provenance.freshness.value
        return provenance_message(provenance)


def _price_point(row: PriceRow) -> history_pb2.PricePoint:
    price = row.value
    return history_pb2.PricePoint(
        observation_time=timestamp(row.time),
        receive_time=timestamp(row.provenance.receive_time),
        source=row.provenance.source,
        value=decimal_text(price.value),
        bid=optional_text(price.bid),
        ask=optional_text(price.ask),
        base_volume=optional_text(price.base_volume),
        quote_volume=optional_text(price.quote_volume),
        market_cap=optional_text(price.market_cap),
        change_percent=optional_text(price.change_percent),
        flagged=price.flagged,
        simulated=row.provenance.simulated,
        raw_value=optional_text(price.raw_value),
    )


def _gas_point(row: GasRow) -> history_pb2.GasPoint:
    gas = row.value
    return history_pb2.GasPoint(
        observation_time=timestamp(row.time),
        receive_time=timestamp(row.provenance.receive_time),
        source=row.provenance.source,
        slow=decimal_text(gas.slow),
        standard=decimal_text(gas.standard),
        fast=decimal_text(gas.fast),
        base_fee=optional_text(gas.base_fee),
        priority_fee=optional_text(gas.priority_fee),
        block_height=gas.block_height,
        simulated=row.provenance.simulated,
    )


def _index_point(row: FearGreedRow) -> history_pb2.SentimentPoint:
    return history_pb2.SentimentPoint(
        observation_time=timestamp(row.time),
        receive_time=timestamp(row.provenance.receive_time),
        source=row.provenance.source,
        fear_greed_index=decimal_text(row.value.value),
        classification=row.value.classification,
        simulated=row.provenance.simulated,
    )


def _mood_point(row: HourlyMood, *, simulated: bool) -> history_pb2.SentimentPoint:
    return history_pb2.SentimentPoint(
        observation_time=timestamp(row.time),
        source=OWN,
        score=row.score,
        label=LABEL[label_of(row.score)],
        model=MODEL,
        article_count=row.articles,
        simulated=simulated,
    )


def _gaps(holes: Iterable[Hole]) -> list[types_pb2.Gap]:
    cause = types_pb2.GAP_CAUSE_NOT_COLLECTED
    return [
        types_pb2.Gap(start_time=timestamp(each.start), end_time=timestamp(each.end), cause=cause) for each in holes
    ]
