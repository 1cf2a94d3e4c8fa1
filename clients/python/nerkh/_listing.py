"""What a list's pages have in common: where the items stand in a response, and what they become."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nerkh._methods import Method
from nerkh._models.common import AssetCandidate, Provenance
from nerkh._reader import read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list: its method, the field that holds the items, and the class of each."""

    method: Method[Any, Any]
    field: str
    item: type[T]

    def items(self, response: Any) -> tuple[T, ...]:
        """Return a page's items; those that say no origin of their own share the page's."""
        messages = getattr(response, self.field)
        if "provenance" not in {field.name for field in dataclasses.fields(self.item)}:  # type: ignore[arg-type]  # dataclasses all
            return tuple(read(self.item, message) for message in messages)
        shared = self.provenance(response)
        return tuple(
            read(self.item, message) if _has_own(message) else read(self.item, message, provenance=shared)
            for message in messages
        )

    def provenance(self, response: Any) -> Provenance | None:
        """Return where a page came from, None where its list has no such thing."""
        if "provenance" not in response.DESCRIPTOR.fields_by_name:
            return None
        return read(Provenance, response.provenance)

    def candidates(self, response: Any) -> tuple[AssetCandidate, ...]:
        """Return the assets among which the one of a page was taken, none where its name was not ambiguous."""
        if "candidates" not in response.DESCRIPTOR.fields_by_name:
            return ()
        return tuple(read(AssetCandidate, each) for each in response.candidates)


def _has_own(message: Any) -> bool:
    return "provenance" in message.DESCRIPTOR.fields_by_name and message.HasField("provenance")
