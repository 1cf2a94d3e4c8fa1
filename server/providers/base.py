"""What a provider is: declared sources and pure functions from a query to requests and from replies to a value.

Everything under `server/providers` imports this module; nothing here does I/O or knows the clock or the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from server.model import Kind, Query, Value


class Tier(IntEnum):
    """The order in which sources are asked; measured health reorders within a tier only."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3
    EMERGENCY = 4


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in `window_s` seconds, as the source's terms say; their weights where it weighs them."""

    requests: int
    window_s: float


@dataclass(frozen=True, slots=True)
class Key:
    """Where a source wants its key. The engine puts it there; providers never see one.

    `setting` is the environment's name (`NERKH_KEY_ETHERSCAN`); `place` is `query`, `header` or `bearer`. `limits` are
    those of calls with a key, where they differ from those without.
    """

    setting: str
    place: str = "query"
    name: str = "apikey"
    required: bool = True
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One place on the internet that can be asked. `id` is unique, lower case, and what users see."""

    id: str
    name: str
    provider: str
    base_url: str
    """Scheme and host, and a path prefix where the source has one; no trailing slash."""
    tier: Tier
    category: str
    """market_data, exchange, news, sentiment, rpc_node or explorer."""
    chains: tuple[str, ...] = ()
    """Our ids of the chains it serves; empty where chains mean nothing."""
    key: Key | None = None
    limits: tuple[Limit, ...] = ()
    quota_group: str = ""
    """Sources of one group share their limits, such as several chains on one host; empty for a source of its own."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What tells this row from its siblings in a family, such as a feed's path; `witness` names what it mirrors."""
    attribution: str = ""
    terms_url: str = ""
    docs_url: str = ""


class Request(NamedTuple):
    """One HTTP request, relative to the source's base URL. `json` is sent as the body of a POST.

    `cost` is how much of the source's limits it takes, where the source weighs requests.
    """

    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    json: object | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cost: int = 1


class Reply(NamedTuple):
    """What came back: the status, the decompressed body (capped), and the content type in lower case."""

    status: int
    body: bytes
    content_type: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Follow:
    """More is needed: `parse` is called again with all replies so far and those to these requests appended."""

    requests: tuple[Request, ...]


Build = Callable[[Source, Query], tuple[Request, ...]]
Parse = Callable[[Source, Query, tuple[Reply, ...]], Value | Follow]
Serves = Callable[[Source, Query], bool]
Reader = Callable[[Reply], object]


def always(_source: Source, _query: Query) -> bool:
    """Say that every query of the kind can be served."""
    return True


@dataclass(frozen=True, slots=True)
class Capability:
    """One kind that a provider serves.

    `build` gives the requests of one attempt, sent side by side. `parse` makes the value, or asks for more, or raises
    `BadAnswer` whatever the bytes are. `serves` says, without I/O, whether a source covers a query at all (asset
    known to it, quote, interval, chain): a source that does not is left out of the plan.
    """

    kind: Kind
    build: Build
    parse: Parse
    serves: Serves = always
    is_apart: bool = False
    """Whether answers are parsed in a process of their own (`server/apart.py`): where no limit of a parser holds
    against hostile bytes. `parse`, source and query must be picklable then, and replies come without headers."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which reader understands a recorded answer: matched by method, path, query and JSON-RPC method.

    `path` is a regular expression for the whole path of the recorded request (with any prefix of a base URL);
    `query` holds what must be in its query string; `rpc` the JSON-RPC method, where that decides. `reader` gives the
    rows in the source's own terms (`server/providers/rows.py`).
    """

    reader: Reader
    path: str = ".*"
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    rpc: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider or family: the kinds it serves, the sources that are its rows, and how recorded answers are read.

    `recorded_as` are the names under which collections of recorded answers know it.
    """

    name: str
    capabilities: tuple[Capability, ...]
    sources: tuple[Source, ...]
    recorded_as: tuple[str, ...] = ()
    recorded: tuple[Recorded, ...] = ()

    def capability(self, kind: Kind) -> Capability | None:
        """Return how this provider serves a kind, None when it does not."""
        for capability in self.capabilities:
            if capability.kind is kind:
                return capability
        return None
