"""What operators decide and do: sources in and out of rotation, circuits, cache, ways out. Used by the servicer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.clock import Clock
from server.errors import InvalidField
from server.fallback import Engine
from server.fallback.cache import CacheStats
from server.model import Action, Decision, EgressView, Scope, SourceView
from server.services.market import Market, Priced, Unpriced
from server.services.monitoring import Monitoring, kind_of
from server.services.naming import Names

WARMED = 100
"""Most assets whose prices are cached by one call."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A source after a decision; `stored` is false while the database is away: it holds, and is stored later."""

    source: SourceView
    stored: bool


class Administration:
    """Does what operators ask for. Who asks is not recorded."""

    def __init__(self, engine: Engine, names: Names, market: Market, monitoring: Monitoring, clock: Clock) -> None:
        self._engine = engine
        self._names = names
        self._market = market
        self._monitoring = monitoring
        self._clock = clock

    async def decide(self, source: str, action: Action, *, kind: str = "", reason: str = "") -> Decided:
        """Do one thing to one source; raises `Unknown`, `InvalidField` for a kind that it does not serve."""
        view = self._monitoring.source(source)
        if kind and kind_of(kind).value not in view.kinds:
            raise InvalidField("kind", kind, f"one of {', '.join(view.kinds)}")
        stored = await self._engine.book.decide(Decision(view.id, action, self._clock.now(), kind, reason))
        return Decided(self._monitoring.source(view.id), stored)

    async def remove_failed(self) -> tuple[list[str], bool]:
        """Take every source that fails now out of rotation until it answers; return which, and whether it is stored."""
        failed = sorted(self._engine.watch.failed())
        now = self._clock.now()
        stored = [await self._engine.book.decide(Decision(each, Action.REMOVE, now)) for each in failed]
        return failed, all(stored)

    def cache_stats(self) -> CacheStats:
        """Return how the cache does."""
        return self._engine.cache_stats()

    async def invalidate(
        self, kinds: Sequence[str], assets: Sequence[str], chains: Sequence[str], *, everything: bool
    ) -> tuple[int, bool]:
        """Drop what all given filters name, or everything, here and in every process that shares answers with this one.

        Return how many answers there were here, and whether all others know of it.

        Raises `InvalidField` when nothing or both is named, `Unknown` for an asset or a chain that there is not.
        """
        if everything and (kinds or assets or chains):
            raise InvalidField("all", everything, "no other filter beside all")
        if not (everything or kinds or assets or chains):
            raise InvalidField("all", everything, "kinds, assets or chains, or all set to true")
        return await self._engine.second.drop(
            Scope(
                frozenset(kind_of(each, "kinds") for each in kinds),
                frozenset(self._names.asset(each).asset.id for each in assets),
                frozenset(self._names.chain(each).id for each in chains),
            )
        )

    async def warm(self, assets: Sequence[str], quote: str, deadline_s: float) -> list[Priced | Unpriced]:
        """Fetch the prices of assets, in the order given; raises `InvalidField` for too many or an unknown quote."""
        if not 0 < len(assets) <= WARMED:
            raise InvalidField("assets", f"{len(assets)} assets", f"1 to {WARMED} assets")
        return await self._market.prices(list(dict.fromkeys(assets)), self._names.quote(quote), deadline_s)

    def egress_routes(self) -> tuple[EgressView, ...]:
        """Return every way out as it stands, direct first."""
        return self._engine.egress_routes()

    async def test_egress(self, name: str) -> EgressView:
        """Test one way out now and return how it stands then; raises `Unknown`."""
        return await self._engine.test_egress(name)
