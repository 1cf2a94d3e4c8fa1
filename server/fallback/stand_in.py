"""Which sources there are, and where: their own addresses, or the simulator's where it stands in for the world.

Used by `app`, which alone learns that answers are simulated.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from server.errors import SetupError
from server.fallback.http import Transport, TransportFailure
from server.providers.base import Request, Source
from server.providers.catalog import sources
from server.settings import Settings

Catalog = tuple[tuple[Source, ...], dict[str, str]]
"""The sources, and other addresses for them, by id, when the simulator stands in for the world."""


async def catalog_of(settings: Settings) -> Catalog:
    """Return the sources, and other addresses for them when the simulator stands in for the world."""
    if settings.simulator_url is None:
        return sources(), {}
    known = await _simulated(settings.simulator_url.rstrip("/"))
    catalog = tuple(source for source in sources() if source.id in known)
    return catalog, {each.id: known[each.id].rstrip("/") + urlsplit(each.base_url).path for each in catalog}


async def _simulated(url: str) -> dict[str, str]:
    """Return where the simulator serves each source; raises `SetupError` when it does not answer."""
    transport = Transport(local=(url,))
    try:
        reply = await transport.fetch(url, Request("/_control/sources"), timeout_s=5.0)
        return {name: row["url"] for name, row in json.loads(reply.body)["sources"].items()}
    except (TransportFailure, ValueError, KeyError, TypeError, AttributeError):
        raise SetupError(f"no simulator answers at {url}; start one with `nerkh simulate`") from None
    finally:
        await transport.close()
