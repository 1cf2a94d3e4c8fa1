"""The synchronous client by grpcio-testing: on a channel without a network, so that each step is the test's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import grpc_testing
import nerkh
import pytest
from nerkh._status import DETAILS_KEY, status_of
from nerkh.v1 import market_pb2

MARKET = market_pb2.DESCRIPTOR.services_by_name["MarketService"]
GET_PRICE = MARKET.methods_by_name["GetPrice"]
LIST_PRICES = MARKET.methods_by_name["ListPrices"]
STREAM_PRICES = MARKET.methods_by_name["StreamPrices"]


@pytest.fixture
def channel() -> Any:
    """Give a channel that the test answers itself."""
    return grpc_testing.channel([MARKET], grpc_testing.strict_real_time())


@pytest.fixture
def client(channel: Any) -> nerkh.Client:
    """Give a client on that channel."""
    return nerkh.Client(channel=channel, token="t", backoff=nerkh.Backoff(0.001, 0.01, 0.1))  # noqa: S106  # made up


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give a thread for the call under test."""
    with ThreadPoolExecutor(1) as made:
        yield made


def _price(value: str) -> market_pb2.Price:
    made = market_pb2.Price(asset="bitcoin", symbol="BTC", quote="USD", value=value)
    made.provenance.source = "binance"
    made.provenance.receive_time.GetCurrentTime()
    return made


def test_a_price(channel: Any, client: nerkh.Client, pool: ThreadPoolExecutor) -> None:
    """The request holds the arguments, the metadata the token; the response becomes a value."""
    asked = pool.submit(client.market.price, "BTC", "EUR")
    metadata, request, rpc = channel.take_unary_unary(GET_PRICE)
    assert (request.asset, request.quote) == ("BTC", "EUR")
    assert ("authorization", "Bearer t") in metadata
    rpc.terminate(market_pb2.GetPriceResponse(price=_price("1.50")), (), grpc.StatusCode.OK, "")
    found = asked.result(5)
    assert (str(found.value), found.provenance.source) == ("1.50", "binance")


def test_an_error(channel: Any, client: nerkh.Client, pool: ThreadPoolExecutor) -> None:
    """The trailers become an error of the tree."""
    asked = pool.submit(client.market.price, "FOO")
    _, _, rpc = channel.take_unary_unary(GET_PRICE)
    status = status_of(nerkh.NotFound("no asset 'FOO'", did_you_mean=("food",), reason="UNKNOWN_ASSET"))
    trailers = ((DETAILS_KEY, status.SerializeToString()), ("x-request-id", "r1"))
    rpc.terminate(None, trailers, grpc.StatusCode.NOT_FOUND, "no asset 'FOO'")
    with pytest.raises(nerkh.NotFound) as caught:
        asked.result(5)
    assert (caught.value.did_you_mean, caught.value.request_id) == (("food",), "r1")


def test_pages(channel: Any, client: nerkh.Client, pool: ThreadPoolExecutor) -> None:
    """Iterating asks for the next page when it is due, with the same filter, and shares each page's provenance."""
    asked = pool.submit(lambda: [price.provenance.source for price in client.market.list_prices("EUR", page_size=1)])
    for token, following in (("", "t1"), ("t1", "")):
        _, request, rpc = channel.take_unary_unary(LIST_PRICES)
        assert (request.page_token, request.quote, request.page_size) == (token, "EUR", 1)
        response = market_pb2.ListPricesResponse(next_page_token=following)
        response.prices.add(asset="x", symbol="X", quote="EUR", value="1")
        response.provenance.source = f"page{token}"
        response.provenance.receive_time.GetCurrentTime()
        rpc.terminate(response, (), grpc.StatusCode.OK, "")
    assert asked.result(5) == ["page", "paget1"]


def test_a_stream_resumes(channel: Any, client: nerkh.Client, pool: ThreadPoolExecutor) -> None:
    """A stream that ends without an error is opened again behind its cursor."""
    stream = client.market.stream_prices("BTC")
    asked = pool.submit(lambda: [str(event.price.value) for event in _two(stream)])
    for number, cursor in ((1, ""), (2, "c1")):
        _, request, rpc = channel.take_unary_stream(STREAM_PRICES)
        assert request.cursor == cursor
        rpc.send_initial_metadata(())
        frame = market_pb2.StreamPricesResponse(cursor=f"c{number}")
        frame.batch.updates.add(sequence=number).price.CopyFrom(_price(str(number)))
        rpc.send_response(frame)
        if number == 1:
            rpc.terminate((), grpc.StatusCode.OK, "")
    assert asked.result(5) == ["1", "2"]


def _two(stream: nerkh.PriceStream) -> list[nerkh.PriceUpdate]:
    found: list[nerkh.PriceUpdate] = []
    with stream:
        for event in stream:
            assert isinstance(event, nerkh.PriceUpdate)
            found.append(event)
            if len(found) == 2:
                break
    return found
