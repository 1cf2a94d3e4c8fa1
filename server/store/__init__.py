"""History in PostgreSQL: what was fetched is written here in batches and read back by pages; services and `app` use it.

Names are imported when they are first wanted: the supervisor needs `embedded` and none of the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.store.embedded import EmbeddedPostgres, Prepared
    from server.store.rows import (
        FearGreedRow,
        GasRow,
        Page,
        PriceRow,
        Row,
        StoredCandle,
        StoreStatus,
    )
    from server.store.store import Store

__all__ = [
    "EmbeddedPostgres",
    "FearGreedRow",
    "GasRow",
    "Page",
    "Prepared",
    "PriceRow",
    "Row",
    "Store",
    "StoreStatus",
    "StoredCandle",
]

_ELSEWHERE = {"EmbeddedPostgres": "embedded", "Prepared": "embedded", "Store": "store"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'rows')}"), name)
