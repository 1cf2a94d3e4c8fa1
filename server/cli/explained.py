"""The command that explains a route: which source is asked first for a question, and why each other one is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.asking import Address, Json, asking, show
from server.clock import SystemClock

if TYPE_CHECKING:
    import nerkh
    from rich.console import RenderableType

Kind = Annotated[str, typer.Argument(help="kind of data: price, candles, gas, news … as `nerkh sources` names them")]

_HEADS = {
    "asked": "asked, in this order",
    "excluded": "out now",
    "unreached": "too far behind to be asked",
    "uncovered": "not for this question",
}
_LEAST_FELT = 0.005
"""A smaller penalty does not show in two digits."""
_PARTS = {"error_ratio": "failures", "latency_p70_s": "latency", "lag_s": "age of data", "quota_used": "spent quota"}


def explain(
    kind: Kind,
    *,
    asset: Annotated[str, typer.Option(help="for prices and candles: id or symbol, such as BTC")] = "",
    chain: Annotated[str, typer.Option(help="for what is on a chain: ethereum, polygon, bnb or bitcoin")] = "",
    quote: Annotated[str, typer.Option(help="for prices and candles: symbol to state amounts in; USD when unset")] = "",
    interval: Annotated[str, typer.Option(help="for candles: 1m 5m 15m 1h 4h 1d 1w …; 1h when unset")] = "",
    json: Json = False,
    address: Address = None,
) -> None:
    """Explain which sources a question would be asked of now, in which order, and why each other one is out."""
    with asking(address) as client:
        got = client.monitoring.explain(kind, asset=asset, chain=chain, quote=quote, interval=interval)
    now = SystemClock().now()
    show(
        got,
        json,
        lambda: got.summary,
        lambda: _made(got, now),
        lambda: _cached(got, now),
        *(partial(_group, place, got.sources, now) for place in _HEADS),
    )


def _made(route: nerkh.Route, now: datetime) -> RenderableType | None:
    """Return when the order was made: what happened since is not in its figures."""
    from rich.text import Text

    from server.cli import show as look

    return Text(f"order and figures as of {look.ago(route.computed_time, now)}", style="dim")


def _cached(route: nerkh.Route, now: datetime) -> RenderableType | None:
    """Return that the cache answers for a while, None when it does not."""
    from rich.text import Text

    if route.cache_expire_time is None:
        return None
    seconds = max(0.0, (route.cache_expire_time - now).total_seconds())
    return Text(f"the cache answers for another {seconds:.0f} s, and nobody is asked meanwhile", style="dim")


def _group(place: str, sources: Sequence[nerkh.RoutedSource], now: datetime) -> RenderableType | None:
    """Return the sources that stand in one place, each with its sentence and what it rests on; None for none."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = [source for source in sources if source.place.value == place]
    if not rows:
        return None
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for source in rows:
        if source.uncovered_reason:  # how it does elsewhere says nothing here
            why = Text(source.uncovered_reason)
        else:
            why = Text.assemble(source.sentence, "\n", (_rests_on(source, now), "dim"))
        grid.add_row("" if source.position is None else f"{source.position}", Text(source.source, style="bold"), why)
    return Group(Text(f"\n{_HEADS[place]}", style="bold"), grid)


def _rests_on(source: nerkh.RoutedSource, now: datetime) -> str:
    """Return the figures behind a sentence: score and its parts, state, circuit, the last attempt."""
    from server.cli import show as look

    felt = [part for part in source.score_parts if part.penalty >= _LEAST_FELT]
    lost = " + ".join(f"{part.penalty:.2f} for {_PARTS.get(part.name, part.name)}" for part in felt)
    parts = [
        source.tier.value,
        f"score {source.score:.2f}" + (f" = 1/(1 + {lost})" if lost else ""),
        source.state.value,
    ]
    circuit = source.circuit_breaker
    if circuit is not None and circuit.state.value != "closed":
        parts.append(f"circuit {circuit.state.value.replace('_', '-')}")
    last = source.last_attempt
    if last is not None:
        detail = f" ({last.detail})" if last.detail else ""
        ended = f"{last.outcome.value}{detail}, {last.latency_ms:.0f} ms"
        parts.append(f"last attempt {look.ago(last.attempt_time, now)}: {ended}")
    else:
        parts.append("no attempt for it yet")
    return " · ".join(parts)
