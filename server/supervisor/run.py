"""One run of `nerkh up`: checks, starts the children side by side, says when all serves, and stops them in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from server.errors import SetupError
from server.observe import logs
from server.settings import Settings
from server.store.embedded import EmbeddedPostgres
from server.supervisor import parts
from server.supervisor.child import Child, Part, StartFailed
from server.supervisor.folder import DataFolder
from server.supervisor.ports import LOOPBACK, Ports, settle

log = structlog.get_logger()

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def up(settings: Settings, *, simulate: bool = False, replay: Path | None = None, seed: int | None = None) -> int:
    """Run everything until a signal says stop; return the exit status.

    Prints the ready line once everything serves. Raises `SetupError` for what keeps it from starting.
    """
    logs.configure(settings.log_level, settings.log_format)
    if replay is not None and not (replay / "INDEX.json").is_file():
        raise SetupError(f"--replay: {replay} holds no INDEX.json; name a folder of recorded answers", 2)
    folder = DataFolder(settings.data)
    folder.open()
    database = EmbeddedPostgres(folder.path) if settings.database_url is None else None
    try:
        folder.end_earlier()
        simulation = parts.Simulation(replay, seed) if simulate else None
        ports = settle(settings)
        return asyncio.run(Run(settings, folder, ports, database, simulation).last())
    finally:
        if database is not None:
            database.close()
        folder.close()


class Run:
    """The children of one run, in the order in which they stop: the service, Envoy, the simulator, Postgres."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        ports: Ports,
        database: EmbeddedPostgres | None,
        simulation: parts.Simulation | None,
    ) -> None:
        def child(part: Part) -> Child:
            return Child(part, folder.remember)

        self.host, self.ports = settings.host, ports
        reached = parts.Reached()
        self.postgres = child(parts.postgres(database, reached, settings.log_level)) if database else None
        self.simulator = child(parts.simulator(simulation, folder.path, ports.simulator)) if simulation else None
        needs = parts.Needs(self.postgres, reached, self.simulator)
        self.service = child(parts.service(settings, folder.path, ports, needs))
        self.envoy = child(parts.front(folder.path, ports, settings.trusted_hops))
        self.stopping = asyncio.Event()

    @property
    def children(self) -> Sequence[Child]:
        """All of them, in the order of stopping."""
        every = (self.service, self.envoy, self.simulator, self.postgres)
        return tuple(child for child in every if child is not None)

    async def last(self) -> int:
        """Run until a signal or a failed start; return the exit status, or raise what kept it from starting."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup is respected
                loop.add_signal_handler(number, self._heard, number)
        kept = [asyncio.create_task(child.keep(), name=child.part.name) for child in self.children]
        told = asyncio.create_task(self._tell())
        ended = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({ended, *kept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            ended.cancel()
            await self._stop()
            for task in kept:
                task.cancel()  # one may still be in a pause
        results = await asyncio.gather(*kept, return_exceptions=True)
        for error in (each for each in results if isinstance(each, Exception)):
            if isinstance(error, StartFailed) and not str(error):
                return error.status  # the child has said why
            raise error
        return 0

    async def _tell(self) -> None:
        """Print the ready line once every child is ready and `/healthz` is good."""
        for child in self.children:
            await child.ready.wait()
        await parts.until(self._healthy)
        sys.stdout.write(json.dumps(self.addresses()) + "\n")
        sys.stdout.flush()

    async def _healthy(self) -> bool:
        return await parts.healthz(self.ports) == 200

    def addresses(self) -> dict[str, object]:
        """Return where everything listens, as the ready line says it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        ports = self.ports
        return {
            "ready": True,
            "grpc": f"{shown}:{ports.grpc}",
            "admin": f"{LOOPBACK}:{ports.admin}",
            "http": f"http://{shown}:{ports.http}",
            "adminHttp": f"http://{LOOPBACK}:{ports.admin_http}",
            "metrics": f"http://{LOOPBACK}:{ports.metrics}/metrics",
            "simulator": self.simulator.told.get("control") if self.simulator else None,
        }

    def _heard(self, number: int) -> None:
        if self.stopping.is_set():
            for child in self.children:
                child.kill()
            os._exit(128 + number)  # the second time: at once
        log.info("stopping", signal=signal.Signals(number).name)
        self.stopping.set()

    async def _stop(self) -> None:
        """Stop in order: Envoy says that it goes, the service drains, then the rest, the database at last."""
        await parts.fail_health(self.ports)
        for child in self.children:
            await child.stop()
