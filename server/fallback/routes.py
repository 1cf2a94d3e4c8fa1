"""Ways out of this machine: direct, the proxies that operators named, public ones; read from the settings by the app.

A route's name is what attempts and monitoring show of it; its address may hold credentials and is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from server.settings import PROXY, Settings

_PREFIX = "proxy"


class RouteKind(StrEnum):
    """How a route is spoken to."""

    DIRECT = "direct"
    HTTP = "http"
    HTTPS = "https"
    SOCKS5 = "socks5"
    PUBLIC = "public"
    """A public web page that fetches an address put into its own; it sees and may change all that passes."""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One way out. `address` is a proxy's URL with its credentials, or a public proxy's URL with a place in it."""

    name: str
    kind: RouteKind
    address: SecretStr = field(default=SecretStr(""), repr=False)

    def is_sealed(self, url: str) -> bool:
        """Say whether what comes back over it is the source's own word: TLS ends there, not at the proxy."""
        if self.kind is RouteKind.DIRECT:
            return True
        return self.kind is not RouteKind.PUBLIC and url.startswith("https:")


DIRECT = Route("direct", RouteKind.DIRECT)

PUBLIC = (
    Route("allorigins", RouteKind.PUBLIC, SecretStr("https://api.allorigins.win/raw?url={encoded_url}")),
    Route("codetabs", RouteKind.PUBLIC, SecretStr("https://api.codetabs.com/v1/proxy/?quest={url}")),
    Route("cors_lol", RouteKind.PUBLIC, SecretStr("https://api.cors.lol/?url={encoded_url}")),
)
"""Those of the catalogue that are not dead, answer with the plain body, and serve whoever comes."""


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """Return the proxies that the settings name, and the public ones where they are switched on; direct is not one.

    A proxy without a name of its own is `proxy1`, `proxy2` … by its place; `PROXY_URL` comes behind `NERKH_PROXIES`.
    """
    return (*_named(settings), *(PUBLIC if settings.public_proxies else ()))


def _named(settings: Settings) -> Iterator[Route]:
    """Give each proxy that the settings name, once."""
    taken, seen = {DIRECT.name, *(route.name for route in PUBLIC)}, set()
    texts = [given.get_secret_value() for given in (settings.proxies, settings.proxy_url) if given is not None]
    number = 0
    for text in ",".join(texts).split(","):
        match = PROXY.fullmatch(text.strip())
        if match is None or match["url"] in seen:
            continue  # the settings have refused what is no proxy; what is left is empty
        seen.add(match["url"])
        number += 1
        name = match["name"] or f"{_PREFIX}{number}"
        while name in taken:
            name += "_"
        taken.add(name)
        yield Route(name, RouteKind(match["scheme"].removesuffix("h")), SecretStr(match["url"]))


def passwords(settings: Settings) -> list[str]:
    """Return the proxies' addresses and passwords, as written and as sent, so that logs can be kept from them."""
    found = []
    for route in _named(settings):
        address = route.address.get_secret_value()
        word = urlsplit(address).password
        found += [address, *({word, unquote(word)} if word else ())]
    return found
