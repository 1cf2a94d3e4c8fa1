"""All services of one process, made from what they share; `app` makes it, `rpc` binds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from server.assets import Registry
from server.clock import Clock
from server.fallback import Engine
from server.services.administration import Administration
from server.services.answers import OWN
from server.services.candles import CandleBook
from server.services.coverage import Coverage
from server.services.history import History
from server.services.market import Market
from server.services.monitoring import Monitoring
from server.services.naming import Names
from server.services.news import News
from server.services.onchain import Onchain
from server.services.requests import RequestLog
from server.services.sentiment import Mood
from server.services.stored import Beside
from server.services.stories import Annotator
from server.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases, one for each part of the contract."""

    names: Names
    market: Market
    candles: CandleBook
    news: News
    mood: Mood
    onchain: Onchain
    history: History
    monitoring: Monitoring
    administration: Administration

    @classmethod
    def make(
        cls,
        *,
        engine: Engine,
        registry: Registry,
        annotator: Annotator,
        store: Store,
        clock: Clock,
        coverage: Coverage,
        requests: RequestLog,
        simulated: bool,
    ) -> Self:
        """Return the services over one engine and one store."""
        names, beside = Names(registry, (*coverage.ids(), OWN)), Beside(store, clock)
        news = News(engine, beside, annotator, clock, simulated=simulated)
        market = Market(engine, names, coverage, clock)
        monitoring = Monitoring(engine, store, clock, requests, simulated=simulated)
        return cls(
            names=names,
            market=market,
            candles=CandleBook(engine, beside, clock),
            news=news,
            mood=Mood(engine, news, annotator.model, clock),
            onchain=Onchain(engine, names, coverage, clock),
            history=History(store, clock, simulated=simulated),
            monitoring=monitoring,
            administration=Administration(engine, names, market, monitoring, clock),
        )
