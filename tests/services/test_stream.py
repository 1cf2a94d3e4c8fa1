"""StreamPrices of the running service: position, snapshot, changes, resuming, refusals, shutdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from nerkh.v1 import market_pb2, types_pb2

from tests.rpc.serving import pairs, told
from tests.services.serving import Nerkh, service

PATH = "/nerkh.v1.MarketService/StreamPrices"
Frame = market_pb2.StreamPricesResponse


def stream(nerkh: Nerkh, *assets: str, **given: Any) -> Any:
    """Open a stream."""
    request = market_pb2.StreamPricesRequest(assets=assets, **given)
    return nerkh.channel.unary_stream(PATH)(request.SerializeToString(), timeout=60)


def test_a_stream_states_its_position_then_a_snapshot_then_changes(nerkh: Nerkh) -> None:
    """Every key that was asked for has its status; each frame has a cursor; sequences rise."""
    call = stream(nerkh, "BTC", "bitcoin", "nothing", "ETH")
    frames = [Frame.FromString(next(call)) for _ in range(3)]
    assert pairs(call.initial_metadata())["x-request-id"]
    call.cancel()
    position = frames[0].position
    accepted, unknown = types_pb2.STREAM_KEY_STATUS_ACCEPTED, types_pb2.STREAM_KEY_STATUS_UNKNOWN
    assert [(key.key, key.id, key.status) for key in position.keys] == [
        ("BTC", "bitcoin", accepted),
        ("bitcoin", "bitcoin", accepted),
        ("nothing", "", unknown),
        ("ETH", "ethereum", accepted),
    ]
    assert frames[1].batch.snapshot
    assert {update.price.asset for update in frames[1].batch.updates} == {"bitcoin", "ethereum"}
    assert frames[1].batch.updates[0].price.provenance.simulated
    assert not frames[2].batch.snapshot
    assert all(frame.cursor for frame in frames)


def test_a_stream_goes_on_behind_its_cursor(nerkh: Nerkh) -> None:
    """What was missed comes marked as replayed."""
    call = stream(nerkh, "LTC")
    first, snapshot, change = (Frame.FromString(next(call)) for _ in range(3))
    call.cancel()
    again = stream(nerkh, "LTC", cursor=snapshot.cursor)
    position, replayed = (Frame.FromString(next(again)) for _ in range(2))
    again.cancel()
    assert position.position.resumed
    assert not first.position.resumed
    assert replayed.batch.replayed
    assert replayed.batch.updates[0].sequence == change.batch.updates[0].sequence


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        ({"assets": []}, "INVALID_FIELD", "assets"),
        ({"assets": ["BTC"] * 301}, "INVALID_FIELD", "assets"),
        ({"assets": [""]}, "INVALID_FIELD", "assets[0]"),
        ({"assets": ["nothing"]}, "UNKNOWN_ASSET", ""),
        ({"assets": ["BTC"], "quote": "nothing"}, "INVALID_FIELD", "quote"),
        ({"assets": ["BTC"], "cursor": "nothing"}, "INVALID_FIELD", "cursor"),
        ({"assets": ["BTC"], "conflation_interval": {"seconds": 3}}, "INVALID_FIELD", "conflation_interval"),
        ({"assets": ["BTC"], "conflation_interval": {"seconds": -3}}, "INVALID_FIELD", "conflation_interval"),
        ({"assets": ["BTC"], "heartbeat_interval": {"seconds": 1}}, "INVALID_FIELD", "heartbeat_interval"),
        ({"assets": ["BTC"], "heartbeat_interval": {"nanos": -(2**31)}}, "INVALID_FIELD", "heartbeat_interval"),
    ],
)
def test_a_stream_is_refused_before_its_first_frame(
    nerkh: Nerkh, given: dict[str, Any], reason: str, field: str
) -> None:
    """With the field and what would be right."""
    assets = given.pop("assets")
    with pytest.raises(grpc.RpcError) as caught:
        next(stream(nerkh, *assets, **given))
    assert (told(caught.value).reason, told(caught.value).field) == (reason, field)


async def test_streams_are_told_of_a_shutdown(nerkh: Nerkh, database: str, tmp_path: Path) -> None:
    """The last frame says SHUTDOWN and when to come back, and the stream ends well."""
    with service(tmp_path, database, nerkh.control, collect=False) as other:
        channel = grpc.insecure_channel(other.app.addresses["grpc"])
        request = market_pb2.StreamPricesRequest(assets=["BTC"]).SerializeToString()
        call = channel.unary_stream(PATH)(request, timeout=60)
        next(call)
        health = other.app.health
        assert health.serving
    last = [Frame.FromString(data) for data in call][-1]
    channel.close()
    assert last.interruption.reason == types_pb2.INTERRUPTION_REASON_SHUTDOWN
    assert last.interruption.reconnect_delay.ToTimedelta().total_seconds() > 0
    assert call.code() is grpc.StatusCode.OK
    assert not health.serving
