"""Starts the simulator and keeps it until it is stopped: what `nerkh simulate` runs."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import sys
from pathlib import Path

from aiohttp import web

from server.simulator.control import control_app
from server.simulator.listener import bound
from server.simulator.ports import CONTROL
from server.simulator.proxies import Proxies
from server.simulator.replay import cases, recorded_form
from server.simulator.reply import Format
from server.simulator.service import Simulator
from server.simulator.sources import StandIn, stand_ins

DEFAULT_SEED = 1


async def run(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ports_file: Path | None = None,
    seed: int = DEFAULT_SEED,
    replay: Path | None = None,
) -> None:
    """Serve every source and the control API until SIGTERM or SIGINT; one JSON line says where, once all listen.

    Raises ValueError when the host is not a loopback address or the replay folder holds no index.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not a loopback address; the simulator answers on loopback alone")
    form_of = _simulated if replay is None else recorded_form(cases(replay))
    simulator = Simulator(stand_ins(), seed=seed, host=host, ports_file=ports_file, form_of=form_of)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await simulator.open()
    proxies = Proxies(simulator, host, simulator.saved_port)
    await proxies.open()
    runner = web.AppRunner(control_app(simulator, proxies), access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        listening = bound(host, port or simulator.saved_port(CONTROL))
        if port and listening.getsockname()[1] != port:
            listening.close()
            raise OSError(f"port {port} on {host} is in use; choose another with --port, or 0 for a free one")
        control_port = listening.getsockname()[1]
        await web.SockSite(runner, listening).start()
        simulator.save_ports({CONTROL: control_port, **proxies.ports})
        sys.stdout.write(json.dumps({"ready": True, "control": f"http://{host}:{control_port}"}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
        await proxies.close()
        await simulator.close()


def _simulated(stand_in: StandIn) -> Format:
    return stand_in.form
