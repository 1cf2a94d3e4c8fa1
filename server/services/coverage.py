"""Which sources cover a query, without asking any; used for lists of what can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.model import Query
from server.providers.base import Provider, Source


class Coverage:
    """The catalogue seen from a query."""

    def __init__(self, catalog: Sequence[Source], providers: Mapping[str, Provider]) -> None:
        self._catalog = tuple(sorted(catalog, key=lambda source: (source.tier, source.id)))
        self._providers = providers

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all sources, by tier."""
        return tuple(source.id for source in self._catalog)

    def sources(self, query: Query) -> tuple[str, ...]:
        """Return the ids of the sources that serve a query, by tier."""
        return tuple(source.id for source in self._catalog if self._serves(source, query))

    def _serves(self, source: Source, query: Query) -> bool:
        provider = self._providers.get(source.provider)
        capability = provider.capability(query.kind) if provider else None
        return capability is not None and capability.serves(source, query)
