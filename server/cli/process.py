"""The commands that start processes: up, serve, migrate, simulate. Used by `commands`, and directly for `serve`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from server.errors import SetupError
from server.settings import Settings, load


def complain(error: SetupError) -> int:
    """Print what keeps Nerkh from starting as one line, and return the exit status."""
    print(f"nerkh: {error}", file=sys.stderr, flush=True)  # noqa: T201 -- the command's own voice
    return error.status


def tell(line: dict[str, Any]) -> None:
    """Print one JSON line for whoever started the process."""
    print(json.dumps(line), flush=True)  # noqa: T201 -- the ready line is for programs


def looped(main: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine on uvloop where there is one, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def serve_now() -> int:
    """Run the gRPC service with the settings of the environment, until it is told to stop."""
    try:
        settings = load()
        from server.app import serve

        return looped(serve(settings, ready=tell))
    except SetupError as error:
        return complain(error)


def up(settings: Settings, *, simulate: bool, replay: Path | None, seed: int | None) -> int:
    """Run all of Nerkh under the supervisor, until it is told to stop."""
    from server.supervisor import up as supervise

    return supervise(settings, simulate=simulate, replay=replay, seed=seed)


def migrate(settings: Settings) -> int:
    """Bring the database named by `NERKH_DATABASE_URL` to the newest schema."""
    if settings.database_url is None:
        raise SetupError("NERKH_DATABASE_URL is not set; name the database to migrate (nerkh up migrates its own)", 2)
    from server.clock import SystemClock
    from server.store import Store

    async def run(url: str) -> int:
        store = await Store.open(url, clock=SystemClock(), settings=settings)
        await store.close()
        print("nerkh: the database has the newest schema", file=sys.stderr)  # noqa: T201 -- the command's own voice
        return 0

    return asyncio.run(run(settings.database_url.get_secret_value()))


def simulate(*, host: str, port: int, ports_file: Path | None, seed: int, replay: Path | None) -> int:
    """Run the simulator alone, until it is told to stop."""
    from server.simulator import run

    async def main() -> int:
        try:
            await run(host=host, port=port, ports_file=ports_file, seed=seed, replay=replay)
        except (ValueError, OSError) as error:
            raise SetupError(str(error), 2 if isinstance(error, ValueError) else 69) from None
        return 0

    return asyncio.run(main())
