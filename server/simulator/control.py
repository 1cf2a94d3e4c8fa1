"""The control API on the simulator's own address: faults, sources, the world's truth, and what was asked."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web

from server.simulator.faults import COMMON, KINDS, Refused, fault_of
from server.simulator.proxies import Proxies
from server.simulator.service import Simulator
from server.simulator.truth import asset_truth, chain_truth

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def control_app(simulator: Simulator, proxies: Proxies | None = None) -> web.Application:
    """Return the control API of a simulator, and of its proxies where it has any."""
    api = _Control(simulator, proxies)
    app = web.Application(middlewares=[_guard])
    app.router.add_get("/_control/sources", api.sources)
    app.router.add_get("/_control/faults", api.kinds)
    app.router.add_get("/_control/faults/{source}", api.standing)
    app.router.add_put("/_control/faults/{source}", api.bring)
    app.router.add_delete("/_control/faults/{source}", api.lift)
    app.router.add_get("/_control/truth", api.truth)
    app.router.add_get("/_control/requests", api.requests)
    app.router.add_get("/_control/proxies", api.proxies)
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a web page could send, and turn errors into JSON."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if "Origin" in request.headers or host not in _LOOPBACK:
        return web.json_response({"error": "the control API takes no requests from web pages"}, status=403)
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response({"error": refused.text}, status=refused.status)
    except web.HTTPException as error:
        return web.json_response(
            {"error": f"{error.status} {error.reason}: {request.method} {request.path}"}, status=error.status
        )


class _Control:
    """The handlers of the control API."""

    def __init__(self, simulator: Simulator, proxies: Proxies | None) -> None:
        self._simulator = simulator
        self._proxies = proxies

    async def sources(self, _request: web.Request) -> web.Response:
        now = self._simulator.clock()
        rows = {
            name: {
                "url": self._simulator.url(name),
                "format": stand_in.form.name,
                "hosts": list(stand_in.hosts),
                "venue": asdict(stand_in.venue),
                "faults": [fault.shown() for fault in self._simulator.faults[name].standing(now)],
            }
            for name, stand_in in self._simulator.stand_ins.items()
        }
        return web.json_response({"seed": self._simulator.world.seed, "sources": rows})

    async def kinds(self, _request: web.Request) -> web.Response:
        rows = {name: {key: asdict(row) for key, row in {**COMMON, **own}.items()} for name, own in KINDS.items()}
        return web.json_response({"faults": rows})

    async def standing(self, request: web.Request) -> web.Response:
        now = self._simulator.clock()
        names = self._simulator.named(request.match_info["source"])
        rows = {name: [fault.shown() for fault in self._simulator.faults[name].standing(now)] for name in names}
        return web.json_response({"faults": rows})

    async def bring(self, request: web.Request) -> web.Response:
        names = self._simulator.named(request.match_info["source"])
        try:
            body = json.loads(await request.read() or b"null")
        except ValueError:
            raise Refused(400, "the body is not JSON") from None
        fault = fault_of(body, self._simulator.clock())
        await self._simulator.bring(request.match_info["source"], fault)
        return web.json_response({"sources": list(names), **fault.shown()})

    async def lift(self, request: web.Request) -> web.Response:
        names = self._simulator.named(request.match_info["source"])
        kind = request.query.get("fault")
        if kind is not None and kind not in KINDS:
            raise Refused(400, f"no fault {kind!r}; there are {', '.join(KINDS)}")
        await self._simulator.lift(request.match_info["source"], kind)
        return web.json_response({"sources": list(names), "faults": []})

    async def truth(self, request: web.Request) -> web.Response:
        now = self._simulator.clock()
        if chain := request.query.get("chain"):
            return web.json_response(chain_truth(self._simulator.world, chain, request.query, now))
        if asset := request.query.get("asset"):
            return web.json_response(asset_truth(self._simulator.world, asset, request.query, now))
        raise Refused(400, "name an asset or a chain, such as ?asset=bitcoin or ?chain=ethereum")

    async def proxies(self, _request: web.Request) -> web.Response:
        return web.json_response({"proxies": {} if self._proxies is None else self._proxies.shown()})

    async def requests(self, request: web.Request) -> web.Response:
        source, limit = request.query.get("source"), request.query.get("limit", "100")
        if source is not None:
            self._simulator.named(source)
        if not limit.isdigit():
            raise Refused(400, f"limit must be a whole number, not {limit!r}")
        rows = [row for row in reversed(self._simulator.requests) if source in {None, "*", row.source}]
        return web.json_response({"total": len(rows), "requests": [asdict(row) for row in rows[: int(limit)]]})
