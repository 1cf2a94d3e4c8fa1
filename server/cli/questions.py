"""The commands that ask a running Nerkh through the Python client: price, candles, news, gas, watch and so on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Annotated

import typer
from typer.exceptions import Exit

from server.cli.asking import Address, Json, Limit, asking, show
from server.cli.explained import explain
from server.clock import SystemClock

UNAVAILABLE = 69

Asset = Annotated[str, typer.Argument(help="id such as bitcoin, symbol such as BTC, or a source's own id")]
Assets = Annotated[list[str], typer.Argument(help="ids or symbols, such as BTC ETH")]
Chain = Annotated[str, typer.Argument(help="ethereum, polygon, bnb or bitcoin")]
Full = Annotated[bool, typer.Option("--full", help="show every attempt at every source")]
Quote = Annotated[str, typer.Option(help="symbol to state amounts in")]


def price(
    asset: Asset, *, quote: Quote = "USD", full: Full = False, json: Json = False, address: Address = None
) -> None:
    """Show the price of one asset."""
    from server.cli import show as look

    with asking(address) as client:
        got = client.market.price(asset, quote=quote, full=full)
    now = SystemClock().now()
    cells = (
        (f"{got.name} ({got.symbol})", ""),
        (f"price {got.quote}", look.within(got.value, got.confidence)),
        ("24 h", look.percent(got.change_percent)),
        ("high / low", f"{look.amount(got.high)} / {look.amount(got.low)}"),
        ("bid / ask", f"{look.amount(got.bid)} / {look.amount(got.ask)}"),
        ("volume", look.short(got.quote_volume)),
        ("market cap", look.short(got.market_cap)),
    )
    shown = [(name, value) for name, value in cells if str(value) not in ("-", "- / -")]
    others = ", ".join(candidate.asset for candidate in got.candidates[1:])
    show(
        got,
        json,
        lambda: look.table((shown[0][0], ""), shown[1:], right=(1,)),
        lambda: f"{got.symbol} is also the symbol of {others}" if got.ambiguous else None,
        *(partial(look.outlier, each, got.quote) for each in got.outliers),
        lambda: look.origin(got.provenance, now),
        lambda: look.attempts(got.provenance),
    )


def candles(
    asset: Asset,
    *,
    interval: Annotated[str, typer.Option(help="1m 5m 15m 1h 4h 1d 1w …")] = "1h",
    limit: Limit = 24,
    quote: Quote = "USD",
    json: Json = False,
    address: Address = None,
) -> None:
    """Show the newest candles of one asset, the oldest first."""
    from server.cli import show as look

    with asking(address) as client:
        page = client.market.candles(asset, interval=interval, quote=quote, page_size=limit)
    rows = [
        (
            f"{c.open_time:%Y-%m-%d %H:%M}",
            *(look.amount(v) for v in (c.open, c.high, c.low, c.close)),
            look.short(c.volume),
        )
        for c in page.items
    ]
    heads = ("open time (UTC)", "open", "high", "low", "close", "volume")
    show(page.items, json, lambda: look.table(heads, rows, right=(1, 2, 3, 4, 5)))


def news(
    *,
    asset: Annotated[str | None, typer.Option(help="only what names this asset")] = None,
    limit: Limit = 10,
    json: Json = False,
    address: Address = None,
) -> None:
    """Show the newest articles."""
    from server.cli import show as look

    with asking(address) as client:
        page = client.news.articles(asset=asset or "", page_size=limit)
    now = SystemClock().now()
    show(page.items, json, *(partial(look.article, item, now) for item in page.items))


def fear_greed(*, json: Json = False, address: Address = None) -> None:
    """Show the fear and greed index: 0 is extreme fear, 100 extreme greed."""
    from server.cli import show as look

    with asking(address) as client:
        got = client.sentiment.fear_greed()
    now = SystemClock().now()
    show(
        got,
        json,
        lambda: f"{got.value:f} / 100  {got.classification}  ({got.reading_time:%Y-%m-%d})",
        lambda: look.origin(got.provenance, now),
    )


def gas(
    chain: Chain = "ethereum",
    *,
    json: Json = False,
    address: Address = None,
) -> None:
    """Show what a transaction costs on a chain now."""
    from server.cli import show as look

    with asking(address) as client:
        got = client.onchain.gas(chain)
    now = SystemClock().now()
    rows = [
        (name, look.amount(value, 3))
        for name, value in (
            ("slow", got.slow),
            ("standard", got.standard),
            ("fast", got.fast),
            ("base fee", got.base_fee),
        )
        if value is not None
    ]
    show(
        got,
        json,
        lambda: look.table((f"{got.chain}", got.unit), rows, right=(1,)),
        lambda: look.origin(got.provenance, now),
    )


def balance(
    chain: Chain,
    holder: Annotated[str, typer.Argument(metavar="ADDRESS")],
    *,
    token: Annotated[
        list[str] | None, typer.Option(help="also this token, by id or symbol; may be given again")
    ] = None,
    json: Json = False,
    address: Address = None,
) -> None:
    """Show what an address holds on a chain."""
    from server.cli import show as look

    with asking(address) as client:
        got = client.onchain.balance(chain, holder, tokens=token or [])
    now = SystemClock().now()
    rows = [(got.symbol, f"{got.amount:,f}"), *((part.symbol, f"{part.amount:,f}") for part in got.tokens)]
    show(
        got,
        json,
        lambda: look.table((got.address, ""), rows, right=(1,)),
        lambda: look.origin(got.provenance, now),
    )


def watch(
    assets: Assets,
    *,
    quote: Quote = "USD",
    count: Annotated[int | None, typer.Option(min=1, help="end after so many updates")] = None,
    json: Json = False,
    address: Address = None,
) -> None:
    """Show prices as they change, until interrupted."""
    import nerkh

    from server.cli import show as look

    with asking(address) as client:
        for update in islice(client.market.stream_prices(*assets, quote=quote), count):
            if json:
                line = look.as_json(update)
            elif isinstance(update, nerkh.PriceUpdate):
                got = update.price
                when = got.provenance.source_time or got.provenance.receive_time
                line = (
                    f"{when:%H:%M:%S}  {got.symbol:<8}{look.amount(got.value):>16} {got.quote}  {got.provenance.source}"
                )
            else:
                line = f"a hole: {update.cause.value or 'unknown cause'}"
            print(line, flush=True)  # noqa: T201 -- the command's own voice


def sources(*, json: Json = False, address: Address = None) -> None:
    """Show every source: its state, its success and its latency."""
    from server.cli import show as look

    with asking(address) as client:
        items = list(client.monitoring.sources())
    rows = [
        (
            s.id,
            s.state.value,
            s.tier.value,
            f"{s.call_count}",
            f"{s.success_ratio:.0%}" if s.call_count else "-",
            "-" if s.latency_p50_ms is None else f"{s.latency_p50_ms:.0f}",
            f"{min(q.remaining_share for q in s.quotas):.0%}" if s.quotas else "-",
            (f"({s.excluded_reason}) " if s.excluded_reason else "") + ", ".join(s.kinds),
        )
        for s in items
    ]
    heads = ("source", "state", "tier", "calls", "success", "p50 ms", "quota", "serves")
    show(items, json, lambda: look.table(heads, rows, right=(3, 4, 5, 6)))


def status(*, json: Json = False, address: Address = None) -> None:
    """Show how Nerkh itself stands."""
    from server.cli import show as look

    with asking(address) as client:
        got = client.monitoring.status()
    now = SystemClock().now()
    states = ", ".join(f"{part.count} {part.state.value}" for part in got.sources)
    rows = [("ready", "yes" if got.ready else "no"), ("since", look.ago(got.start_time, now)), ("sources", states)]
    if got.store is not None:
        stored = f"{got.store.written_count:,} rows written, {got.store.queued_count} waiting"
        rows.append(("store", stored if got.store.reachable else f"cannot be reached: {got.store.last_error}"))
    if got.cache is not None:
        rows.append(("cache", f"{got.cache.hit_count:,} hits, {got.cache.miss_count:,} misses"))
    if got.shared is not None:
        shared = f"{got.shared.written_count:,} answers written, {got.shared.refused_count:,} refused"
        shared += f"; {got.shared.last_error}" if got.shared.last_error else ""
        rows.append(("redis", shared if got.shared.reachable else f"away: {got.shared.last_error}"))
    if got.requests is not None:
        rows.append(("requests", f"{got.requests.total_count:,}, {got.requests.failed_count:,} failed"))
    if got.streams is not None:
        rows.append(("streams", f"{got.streams.open_count} open"))
    show(got, json, lambda: look.table(("Nerkh " + got.version, "simulated" if got.simulated else ""), rows))
    if not got.ready:
        print("nerkh: the service is not ready", file=sys.stderr)  # noqa: T201 -- the command's own voice
        raise Exit(UNAVAILABLE)


COMMANDS: dict[str, Callable[..., None]] = {
    "price": price,
    "candles": candles,
    "news": news,
    "fear-greed": fear_greed,
    "gas": gas,
    "balance": balance,
    "watch": watch,
    "sources": sources,
    "explain": explain,
    "status": status,
}
