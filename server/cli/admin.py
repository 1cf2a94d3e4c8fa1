"""`nerkh admin`: what operators do, over their own listener and with the token of the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli import egress
from server.cli.asking import Json, asking, show
from server.clock import SystemClock
from server.rpc.operators import kept_token
from server.settings import load

if TYPE_CHECKING:
    import nerkh

app = typer.Typer(
    name="admin",
    help="What operators do: sources in and out of rotation, circuits, the cache, ways out.",
    no_args_is_help=True,
    add_completion=False,
)

Source = Annotated[str, typer.Argument(help="a source's id, as nerkh sources shows it")]
Data = Annotated[
    str | None, typer.Option(metavar="FOLDER", help="data folder of the running Nerkh, whose token is read there")
]
Port = Annotated[
    int | None, typer.Option("--admin-port", min=1, max=65535, metavar="PORT", help="of the operators' gRPC")
]
Names = Annotated[list[str] | None, typer.Option(help="may be given again")]


@contextmanager
def operating(data: str | None, admin_port: int | None) -> Iterator[nerkh.Client]:
    """Yield a client of the operators' listener."""
    settings = load(data=data, admin_port=admin_port)
    address = f"127.0.0.1:{settings.admin_port}"
    with asking(address, token=kept_token(settings.data), option="--admin-port") as client:
        yield client


def tell(decision: nerkh.SourceDecision, as_json: bool) -> None:
    """Show a source after a decision."""
    source = decision.source
    state = "" if source is None else f"{source.id} is {source.state.value}"
    reason = f" ({source.excluded_reason})" if source is not None and source.excluded_reason else ""
    show(decision, as_json, lambda: state + reason + _later(decision.stored))


def _later(stored: bool) -> str:
    """Return what is to be added when a decision is not stored yet."""
    return "" if stored else "; the database is away, the decision is stored as soon as it is back"


@app.command("disable")
def disable(
    source: Source,
    *,
    reason: Annotated[str, typer.Option(help="why; whoever looks at the source reads it")],
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Take a source out of rotation until it is enabled again, also across restarts."""
    with operating(data, admin_port) as client:
        done = client.admin.disable_source(source, reason=reason)
    tell(done, json)


@app.command("enable")
def enable(
    source: Source,
    *,
    reason: Annotated[str, typer.Option(help="why")] = "",
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Put a source back into rotation and close its circuits."""
    with operating(data, admin_port) as client:
        done = client.admin.enable_source(source, reason=reason)
    tell(done, json)


@app.command("reset")
def reset(
    source: Source,
    kind: Annotated[str, typer.Argument(help="kind of data such as price; all when left out")] = "",
    *,
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Close a source's circuits, so that it is asked at once."""
    with operating(data, admin_port) as client:
        done = client.admin.reset_circuit_breaker(source, kind)
    tell(done, json)


@app.command("remove-failed")
def remove_failed(*, json: Json = False, data: Data = None, admin_port: Port = None) -> None:
    """Take every source that fails now out of rotation; each comes back by itself when it answers a probe."""
    with operating(data, admin_port) as client:
        done = client.admin.remove_failed_sources()
    removed = f"removed: {', '.join(done.sources)}{_later(done.stored)}"
    show(done, json, lambda: removed if done.sources else "no source fails now")


@app.command("cache")
def cache(*, json: Json = False, data: Data = None, admin_port: Port = None) -> None:
    """Show how the cache does, for each kind of data."""
    from server.cli import show as look

    with operating(data, admin_port) as client:
        got = client.admin.cache_stats()
    rows = [
        (
            each.kind,
            f"{each.entry_count:,}",
            f"{each.hit_count:,}",
            f"{each.miss_count:,}",
            f"{each.stale_count:,}",
            "-" if each.hit_ratio is None else f"{each.hit_ratio:.1%}",
            f"{each.shared_hit_count:,}",
            f"{each.shared_miss_count:,}",
        )
        for each in got.kinds
    ]
    heads = ("kind", "held", "hits", "misses", "stale", "hit ratio", "shared hits", "shared misses")
    show(got, json, lambda: look.table(heads, rows, right=range(1, len(heads))))


@app.command("invalidate")
def invalidate(
    *,
    kind: Names = None,
    asset: Names = None,
    chain: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="the whole cache")] = False,
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Drop cached answers: those that every given option names, or all."""
    with operating(data, admin_port) as client:
        done = client.admin.invalidate_cache(
            kinds=kind or (), assets=asset or (), chains=chain or (), everything=everything
        )
    later = "" if done.told_all else "; other processes could not be told yet, they are told when Redis is back"
    show(done, json, lambda: f"{done.dropped_count:,} answers dropped{later}")


@app.command("warm")
def warm(
    assets: Annotated[list[str], typer.Argument(help="ids or symbols, such as BTC ETH")],
    *,
    quote: Annotated[str, typer.Option(help="symbol of the quote")] = "USD",
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Fetch the prices of assets, so that they are cached before they are asked for."""
    with operating(data, admin_port) as client:
        got = client.admin.warm_cache(*assets, quote=quote)
    show(
        got,
        json,
        lambda: f"cached: {', '.join(got.assets)}" if got.assets else None,
        *(lambda each=each: f"{each.asset}: {each.message}" for each in got.failures),
    )


@app.command("egress")
def egress_routes(*, json: Json = False, data: Data = None, admin_port: Port = None) -> None:
    """Show every way out to the sources, direct and over proxies, and how it does."""
    with operating(data, admin_port) as client:
        found = client.admin.egress_routes()
    show(found, json, lambda: egress.routes(found, SystemClock().now()))


@app.command("test-egress")
def try_egress(
    name: Annotated[str, typer.Argument(help="a way out, as nerkh admin egress names it")],
    *,
    json: Json = False,
    data: Data = None,
    admin_port: Port = None,
) -> None:
    """Test one way out now: ask up to three sources over it, until one answers."""
    with operating(data, admin_port) as client:
        route = client.admin.test_egress_route(name)
    show(route, json, lambda: egress.tested(route))
