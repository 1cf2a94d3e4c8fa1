"""Makes data frames of values; pandas and polars are imported when they are asked for, not before."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin

from nerkh._reader import bare, hints_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]  # an extra
    import polars as pl  # type: ignore[import-not-found, unused-ignore]  # an extra

T = TypeVar("T")


class Table(Generic[T]):
    """A sequence of values that can become a data frame, one column for each plain field."""

    items: tuple[T, ...]
    _item: type[T]

    def to_pandas(self, *, exact: bool = False) -> pd.DataFrame:
        """Return this page's items as a pandas frame; decimals become floats, unless `exact` keeps `Decimal`."""
        import pandas as pd  # an extra, imported only when called

        return pd.DataFrame(self._columns(exact=exact))

    def to_polars(self, *, exact: bool = False) -> pl.DataFrame:
        """Return this page's items as a polars frame; decimals become floats, unless `exact` keeps them."""
        import polars as pl  # an extra, imported only when called

        return pl.DataFrame(self._columns(exact=exact))

    def _columns(self, *, exact: bool) -> dict[str, list[Any]]:
        item_type: Any = self._item
        return {
            name: [_plain(getattr(item, name), exact=exact) for item in self.items]
            for name, hint in hints_of(item_type).items()
            if _is_plain(bare(hint))
        }


def _is_plain(hint: Any) -> bool:
    """Say whether a field fits into a column: no dataclass, no mapping, no tuple of dataclasses."""
    if get_origin(hint) is tuple:
        return not dataclasses.is_dataclass(get_args(hint)[0])
    return get_origin(hint) is not Mapping and not dataclasses.is_dataclass(hint)


def _plain(value: Any, *, exact: bool) -> Any:
    if isinstance(value, Decimal):
        return value if exact else float(value)
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value
