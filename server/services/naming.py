"""Names in requests to assets, chains and quotes; every service and servicer resolves through it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from server.assets import Registry
from server.errors import InvalidField, Unknown
from server.model import Asset, Chain

_FIAT = (
    "AED ARS AUD BRL CAD CHF CLP CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NGN NOK NZD PHP PLN RUB SAR "
    "SEK SGD THB TRY TWD UAH USD VND ZAR"
)


@dataclass(frozen=True, slots=True)
class Named:
    """An asset that a name stands for; `candidates` are all that share the name when there are several, else empty."""

    asset: Asset
    candidates: tuple[Asset, ...] = ()


class Names:
    """Resolves what callers write; `sources` are the ids of the sources there are."""

    def __init__(self, registry: Registry, sources: Iterable[str] = ()) -> None:
        self.registry = registry
        self._sources = tuple(sources)
        self._quotes = frozenset(_FIAT.split()) | {asset.symbol.upper() for asset in registry.assets}

    def asset(self, text: str) -> Named:
        """Return the asset of an id, symbol, source's id or CAIP-19 id; raises `Unknown` with suggestions."""
        found = self.registry.candidates(text)
        if not found:
            return Named(self.registry.asset(text))  # raises, with what is near
        return Named(found[0], found if len(found) > 1 else ())

    def by_id(self, identity: str) -> Asset | None:
        """Return the asset of our own id, None when there is none."""
        found = self.registry.candidates(identity)
        return found[0] if found and found[0].id == identity else None

    def chain(self, text: str) -> Chain:
        """Return the chain of an id or alias; raises `Unknown` with suggestions."""
        return self.registry.chain(text)

    def source(self, text: str) -> str:
        """Return the id of a source, empty for none; raises `Unknown` with suggestions."""
        name = text.strip().lower()
        if name and name not in self._sources:
            raise Unknown("source", text, difflib.get_close_matches(name[:100], self._sources, n=3, cutoff=0.5))
        return name

    def quote(self, text: str, field: str = "quote") -> str:
        """Return the quote's symbol in upper case, USD when it is empty; raises `InvalidField`."""
        symbol = text.strip().upper() or "USD"
        if symbol not in self._quotes:
            raise InvalidField(field, text, "a currency such as USD, EUR or JPY, or the symbol of an asset such as BTC")
        return symbol
