"""The running simulator: one listener per source, their faults, and the record of what was asked of whom."""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from server.simulator.effects import answered
from server.simulator.faults import Fault, Faults, Refused
from server.simulator.listener import Listener, reset
from server.simulator.noise import key_of
from server.simulator.ports import read_ports, write_ports
from server.simulator.reply import Asked, Format, Said
from server.simulator.sources import StandIn
from server.simulator.view import View
from server.simulator.world import World

_SECRET = frozenset({"apikey", "api_key", "api-key", "key", "token", "access_token", "auth_token", "x_cg_demo_api_key"})
_TICK_S = 0.05
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
DIRECT = "direct"
_KEPT_REQUESTS = 5000
_KEPT_ANSWERS = 128
_HEADERS_KEPT = ("host", "accept-encoding", "if-none-match", "if-modified-since")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request that reached a stand-in. `query` is without keys; `status` 0 when nothing was answered."""

    time: float
    source: str
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    faults: tuple[str, ...]
    seconds: float
    egress: str = DIRECT
    """The simulated proxy by which it came."""


class Simulator:
    """All stand-ins and their world. `form_of` gives the wire format to answer with, the recorded one on replay."""

    def __init__(
        self,
        stand_ins: Iterable[StandIn],
        *,
        seed: int,
        host: str = "127.0.0.1",
        ports_file: Path | None = None,
        clock: Callable[[], float] = time.time,
        form_of: Callable[[StandIn], Format] = lambda stand_in: stand_in.form,
    ) -> None:
        self.world = World(seed)
        self.stand_ins = {stand_in.id: stand_in for stand_in in stand_ins}
        self.clock = clock
        self.requests: deque[Recorded] = deque(maxlen=_KEPT_REQUESTS)
        self.faults = {name: Faults(key_of(seed, "faults", name)) for name in self.stand_ins}
        self.egresses: dict[tuple[str, int], str] = {}
        """The proxy that each connection comes from, by the address that it comes from."""
        self._forms = {name: form_of(stand_in) for name, stand_in in self.stand_ins.items()}
        self._host = host
        self._file = ports_file
        self._saved = read_ports(ports_file)
        self._listeners: dict[str, Listener] = {}
        self._kept: dict[tuple[object, ...], Said] = {}
        self._gate = asyncio.Lock()
        self._tick = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen for every source, on the saved ports where they are free."""
        for name in self.stand_ins:
            self._listeners[name] = Listener(self._host, self._saved.get(name, 0), self._handler(name))
        for listener in self._listeners.values():
            await listener.open()
        self._watch = asyncio.create_task(self._keep_gates())

    async def close(self) -> None:
        """Stop everything and give the ports back."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        for listener in self._listeners.values():
            await listener.close()

    def saved_port(self, name: str) -> int:
        """Return the port that a name had before, 0 when it had none."""
        return self._saved.get(name, 0)

    def save_ports(self, others: Mapping[str, int]) -> None:
        """Write the ports file, with those of `others` (the control port) in it."""
        write_ports(self._file, {**{name: listener.port for name, listener in self._listeners.items()}, **others})

    def url(self, source: str) -> str:
        """Return where a source's stand-in listens."""
        return f"http://{self._host}:{self._listeners[source].port}"

    def reached(self, host: str, port: int) -> tuple[str, int] | None:
        """Return the stand-in's address that a proxy is asked for: by port on loopback, or by a real host's name."""
        for name, listener in self._listeners.items():
            if host in self.stand_ins[name].hosts or (host in _LOOPBACK and port == listener.port):
                return self._host, listener.port
        return None

    def named(self, source: str) -> tuple[str, ...]:
        """Return the sources a name stands for, `*` for all; raises `Refused` when there is none."""
        if source == "*":
            return tuple(self.stand_ins)
        if source not in self.stand_ins:
            raise Refused(404, f"no source {source!r}; there are {', '.join(self.stand_ins)}")
        return (source,)

    async def bring(self, source: str, fault: Fault) -> None:
        """Bring a fault over a source or all of them; what closes a port has closed it when this returns."""
        for name in self.named(source):
            self.faults[name].put(fault)
        await self._set_gates()

    async def lift(self, source: str, fault: str | None = None) -> None:
        """Take a fault back, or all; what was closed is open when this returns."""
        for name in self.named(source):
            self.faults[name].drop(fault)
        await self._set_gates()

    async def _keep_gates(self) -> None:
        """Open and close ports as faults begin and end by themselves."""
        while True:
            await asyncio.sleep(_TICK_S)
            await self._set_gates()
            self._tick.set()
            self._tick = asyncio.Event()

    async def _set_gates(self) -> None:
        async with self._gate:
            now = self.clock()
            for name, listener in self._listeners.items():
                closed = self.faults[name].closed(now)
                if closed and listener.is_open:
                    await listener.refuse()
                elif not closed and not listener.is_open:
                    await listener.open()

    def _handler(self, name: str) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            began = time.perf_counter()
            faults = self.faults[name].for_request(request.path, self.clock())
            if self._egress(request) != DIRECT:
                faults.pop("region", None)  # it is of another region
            status = 0
            try:
                response = await self._answer(name, request, faults)
                status = 0 if faults.keys() & {"hang", "reset"} else response.status
            finally:
                self._record(name, request, status, faults, time.perf_counter() - began)
            return response

        return handle

    def _record(
        self, name: str, request: web.BaseRequest, status: int, faults: Mapping[str, Fault], took: float
    ) -> None:
        query = {key: value for key, value in request.query.items() if key.lower() not in _SECRET}
        moment, egress = self.clock(), self._egress(request)
        entry = Recorded(moment, name, request.method, request.path, query, status, tuple(faults), took, egress)
        self.requests.append(entry)

    def _egress(self, request: web.BaseRequest) -> str:
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        return DIRECT if peer is None else self.egresses.get(peer[:2], DIRECT)

    async def _answer(self, name: str, request: web.BaseRequest, faults: Mapping[str, Fault]) -> web.StreamResponse:
        body = await request.read()
        if fault := faults.get("latency"):
            await asyncio.sleep(self.faults[name].delay(fault))
        if "hang" in faults:
            await self._hang(name)
        if "hang" in faults or "reset" in faults:
            reset(request)
            return web.Response()
        if fault := faults.get("huge"):
            return await _flood(request, int(fault.number("mb") * 1_000_000), compressed=False)
        if fault := faults.get("bomb"):
            return await _flood(request, int(fault.number("mb") * 1_000_000), compressed=True)
        stand_in = self.stand_ins[name]
        view = View(self.world, name, self.clock(), stand_in.venue, stand_in.options)
        headers = {key: value for key in _HEADERS_KEPT if (value := request.headers.get(key))}
        asked = Asked(request.method, request.path, dict(request.query), body, headers)
        said = self._said(view, asked, faults)
        if fault := faults.get("drip"):
            return await _drip(request, said, fault.number("bytes_per_s"))
        return _response(said)

    def _said(self, view: View, asked: Asked, faults: Mapping[str, Fault]) -> Said:
        """Return what a source says; one that refreshes its data now and then says the same until it does."""
        if faults or not view.venue.refresh_s:
            return answered(view, asked, self._forms[view.source], faults)
        key = (view.source, asked.method, asked.path, tuple(sorted(asked.query.items())), asked.body, view.data_time)
        if key not in self._kept:
            if len(self._kept) >= _KEPT_ANSWERS:
                self._kept.clear()
            self._kept[key] = answered(view, asked, self._forms[view.source], faults)
        return self._kept[key]

    async def _hang(self, name: str) -> None:
        """Wait until the fault is over."""
        while self.faults[name].is_active("hang", self.clock()):
            await self._tick.wait()


def _response(said: Said) -> web.Response:
    headers = {"Content-Type": said.content_type, **said.headers}
    return web.Response(status=said.status, body=said.body, headers=headers)


async def _drip(request: web.BaseRequest, said: Said, pace: float) -> web.StreamResponse:
    """Send an answer a few bytes at a time."""
    response = web.StreamResponse(status=said.status, headers={"Content-Type": said.content_type})
    response.content_length = len(said.body)
    await response.prepare(request)
    step = max(1, int(pace * 0.1))
    for start in range(0, len(said.body), step):
        await response.write(said.body[start : start + step])
        await asyncio.sleep(step / pace)
    await response.write_eof()
    return response


async def _flood(request: web.BaseRequest, size: int, *, compressed: bool) -> web.StreamResponse:
    """Send a valid but huge JSON list in chunks, or the same as a compression bomb of a thousandth of its size."""
    headers = {"Content-Type": "application/json"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31) if compressed else None
    await response.prepare(request)
    chunk = b"0," * 50_000
    with contextlib.suppress(ConnectionError):
        for part in (b"[", *(chunk for _ in range(max(1, size // len(chunk)))), b"0]"):
            data = packer.compress(part) if packer else part
            if data:
                await response.write(data)
        if packer:
            await response.write(packer.flush())
        await response.write_eof()
    return response
