"""The command that shows each source's own quote of a price side by side; it asks through the Python client."""

from __future__ import annotations

from server.cli.asking import Address, Json, asking, show
from server.cli.questions import Asset, Quote
from server.clock import SystemClock


def quotes(asset: Asset, *, quote: Quote = "USD", json: Json = False, address: Address = None) -> None:
    """Show what each source says of one asset's price, and what they agree on."""
    from server.cli import show as look

    with asking(address) as client:
        page = client.market.quotes(asset, quote=quote)
    now, series = SystemClock().now(), page.series
    rows = [
        (
            each.source,
            each.tier.value,
            look.amount(each.value),
            f"{look.amount(each.native_value)} {each.native_quote}",
            look.amount(each.bid),
            look.amount(each.ask),
            look.ago(each.source_time or each.receive_time, now),
            each.outlier_reason,
        )
        for each in page.items
    ]
    heads = ("source", "tier", f"price {series.quote}", "as stated", "bid", "ask", "of", "left out because")
    agreed = ""
    if series.value is not None:
        agreed = f"{series.symbol} {look.within(series.value, series.confidence)} {series.quote}"
        if series.agreement is not None:
            agreed += f"  ({series.agreement.agreed} of {series.agreement.asked} sources agree)"
    show(
        {"series": series, "quotes": page.items},
        json,
        lambda: look.table(heads, rows, right=(2, 3, 4, 5)),
        lambda: agreed or None,
        lambda: None if page.provenance is None else look.origin(page.provenance, now),
    )
