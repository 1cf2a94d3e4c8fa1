"""Every public method, bound to its servicer; `app` hands them to the router."""

from __future__ import annotations

from nerkh.v1 import history_pb2, market_pb2, monitoring_pb2, news_pb2, onchain_pb2, sentiment_pb2

from server.clock import Clock
from server.live import Hub
from server.rpc.answering import Desk
from server.rpc.calls import Method
from server.rpc.candles import CandleServicer
from server.rpc.history import HistoryServicer
from server.rpc.market import MarketServicer
from server.rpc.monitoring import MonitoringServicer
from server.rpc.news import NewsServicer
from server.rpc.onchain import OnchainServicer
from server.rpc.pages import PageTokens
from server.rpc.sentiment import SentimentServicer
from server.rpc.streaming import PriceStream
from server.services.wiring import Services

SERVICES = tuple(
    service.full_name
    for file in (market_pb2, news_pb2, sentiment_pb2, onchain_pb2, history_pb2, monitoring_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)
"""The full names of the public services."""


def public_methods(
    services: Services, hub: Hub, tokens: PageTokens, clock: Clock, desk: Desk, *, most_keys: int
) -> tuple[Method, ...]:
    """Return the methods of every public service; a stream follows at most `most_keys` keys."""
    names = services.names
    return (
        *MarketServicer(services.market, names, tokens, clock).methods(),
        *PriceStream(hub, names, clock, most_keys).methods(),
        *CandleServicer(services.candles, names, tokens).methods(),
        *NewsServicer(services.news, names, tokens).methods(),
        *SentimentServicer(services.mood, names, tokens, clock).methods(),
        *OnchainServicer(services.onchain, names, tokens, clock).methods(),
        *HistoryServicer(services.history, names, tokens, clock).methods(),
        *MonitoringServicer(services.monitoring, names, tokens, desk).methods(),
    )
