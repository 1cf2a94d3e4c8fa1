"""The fake server is part of the product: what users' own tests may rely on."""

from __future__ import annotations

import doctest

import grpc
import nerkh
import pytest
from nerkh import testing
from nerkh._methods import STREAM_PRICES
from nerkh.testing import FakeServer, price


def test_the_latest_rule_that_fits_decides(server: FakeServer, blocking: nerkh.Client) -> None:
    """Rules are matched by the request's fields, the latest first."""
    server.answer("GetPrice", price("BTC", 1))
    server.answer("GetPrice", price("ETH", 2), asset="ETH")
    server.fail("GetPrice", nerkh.NotFound("no FOO"), asset="FOO")
    assert (blocking.market.price("BTC").value, blocking.market.price("ETH").value) == (1, 2)
    with pytest.raises(nerkh.NotFound):
        blocking.market.price("FOO")
    server.answer("GetPrice", price("BTC", 3))
    assert blocking.market.price("BTC").value == 3


def test_what_was_not_set_says_what_to_set(blocking: nerkh.Client) -> None:
    """A call without a rule fails with a text that helps."""
    with pytest.raises(nerkh.NotFound, match=r"GetPrice of .*BTC.*FakeServer\.answer"):
        blocking.market.price("BTC")
    with pytest.raises(nerkh.NotFound, match="StreamPrices"):
        next(iter(blocking.market.stream_prices("BTC")))


def test_a_method_that_does_not_exist_is_refused(server: FakeServer) -> None:
    """A misspelt method is an error at once, with the names there are."""
    with pytest.raises(ValueError, match=r"GetPrise.*GetPrice"):
        server.answer("GetPrise", price("BTC", 1))
    with grpc.insecure_channel(server.target) as channel, pytest.raises(grpc.RpcError, match="UNIMPLEMENTED"):
        channel.unary_unary("/nerkh.v1.MarketService/GetPrise")(b"")


def test_heartbeats_come_while_nothing_happens(server: FakeServer, blocking: nerkh.Client) -> None:
    """An idle stream lives by heartbeats at the interval that was asked for."""
    server.stream("StreamPrices", [])
    stream = blocking.market.stream_prices("BTC", heartbeat=0.05)
    frames = blocking._transport.stream(STREAM_PRICES, stream._feed.request(), 5.0)
    kinds = [frame.WhichOneof("event") for frame in (frames.read(), frames.read(), frames.read()) if frame]
    frames.cancel()
    assert kinds == ["position", "heartbeat", "heartbeat"]


def test_the_example_of_the_docstring_holds() -> None:
    """The example at the top of nerkh.testing runs."""
    text = (testing.__doc__ or "").split("\n\n", 2)[1]
    code = "\n".join(line.removeprefix("    ") for line in text.splitlines())
    exec(compile(code, "nerkh.testing", "exec"), {"FakeServer": FakeServer, "price": price, "nerkh": nerkh})  # noqa: S102  # our own words
    assert doctest.testmod(testing).failed == 0
