"""Frames of the price stream as encoded messages; used by the streaming servicer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from nerkh.v1 import market_pb2, types_pb2

from server.live import Accepted, Batch, Frame, Heartbeat, Interruption, PriceKey, Update
from server.live import Gap as LiveGap
from server.model import Answer, Price, Value
from server.rpc.convert.market import price_message
from server.rpc.convert.plain import span_message, timestamp

REMEMBERED = 4096

_Response = market_pb2.StreamPricesResponse


class FrameEncoder:
    """Makes the bytes of frames; a price that many subscribers get is converted once."""

    def __init__(self) -> None:
        self._prices: OrderedDict[PriceKey, tuple[Answer[Value], market_pb2.Price]] = OrderedDict()

    def encode(self, frame: Frame, names: Sequence[types_pb2.StreamKey]) -> bytes:
        """Return a frame's bytes; `names` are the keys as they were asked for, stated in the first frame."""
        match frame:
            case Accepted():
                response = _Response(cursor=frame.cursor, position=_position(frame, names))
            case Batch():
                response = _Response(cursor=frame.cursor, batch=self._batch(frame))
            case Heartbeat():
                beat = types_pb2.Heartbeat(server_time=timestamp(frame.time))
                response = _Response(cursor=frame.cursor, heartbeat=beat)
            case Interruption():
                response = _Response(cursor=frame.cursor, interruption=_interruption(frame))
        return response.SerializeToString()

    def _batch(self, batch: Batch) -> market_pb2.PriceBatch:
        return market_pb2.PriceBatch(
            updates=[self._update(update) for update in batch.updates],
            snapshot=batch.snapshot,
            replayed=batch.replayed,
        )

    def _update(self, update: Update) -> market_pb2.PriceUpdate:
        return market_pb2.PriceUpdate(
            price=self._price(update), sequence=update.sequence, conflated_count=update.conflated_count
        )

    def _price(self, update: Update) -> market_pb2.Price:
        made = self._prices.get(update.key)
        if made is None or made[0] is not update.answer:
            price = cast("Price", update.answer.value)  # the prices topic holds nothing else
            made = update.answer, price_message(price, update.key.asset, update.answer.provenance)
            self._prices[update.key] = made
            if len(self._prices) > REMEMBERED:
                self._prices.popitem(last=False)
        return made[1]


def _position(frame: Accepted, names: Sequence[types_pb2.StreamKey]) -> types_pb2.StreamPosition:
    conflation = span_message(timedelta(seconds=frame.conflation_s)) if frame.conflation_s else None
    return types_pb2.StreamPosition(
        keys=names,
        heartbeat_interval=span_message(timedelta(seconds=frame.heartbeat_s)),
        conflation_interval=conflation,
        resumed=frame.resumed,
    )


_REASONS: Mapping[str, Any] = dict(types_pb2.InterruptionReason.items())
_CAUSES: Mapping[str, Any] = dict(types_pb2.GapCause.items())


def _interruption(frame: Interruption) -> types_pb2.Interruption:
    delay = None if frame.reconnect_after_s is None else timedelta(seconds=round(frame.reconnect_after_s, 3))
    return types_pb2.Interruption(
        reason=_REASONS[f"INTERRUPTION_REASON_{frame.reason.name}"],
        reconnect_delay=span_message(delay),
        gap=None if frame.gap is None else _gap(frame.gap),
        keys=[key.asset.id for key in frame.keys],
    )


def _gap(gap: LiveGap) -> types_pb2.Gap:
    return types_pb2.Gap(
        start_time=timestamp(gap.start_time),
        end_time=timestamp(gap.end_time),
        cause=_CAUSES[f"GAP_CAUSE_{gap.cause.name}"],
    )
