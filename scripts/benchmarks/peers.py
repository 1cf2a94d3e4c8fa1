"""The peers of Nerkh: a bare grpc.aio handler with constant bytes, and FastAPI giving the same JSON.

Started as `python -m scripts.benchmarks.peers bare|fastapi FILE`: FILE holds the answer's bytes. Prints one JSON line
with its address when it listens.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

METHOD = "/nerkh.v1.MarketService/GetPrice"


async def bare(body: bytes) -> None:
    """Serve constant bytes for GetPrice, with nothing else in the way; health is served so that Envoy is content."""
    import grpc
    from grpc_health.v1 import health_pb2

    async def answer(_request: bytes, _context: Any) -> bytes:
        return body

    healthy = health_pb2.HealthCheckResponse(status=1).SerializeToString()

    async def check(_request: bytes, _context: Any) -> bytes:
        return healthy

    server = grpc.aio.server()
    service, name = METHOD[1:].split("/")
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(service, {name: grpc.unary_unary_rpc_method_handler(answer)}),
            grpc.method_handlers_generic_handler(
                "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"ready": True, "grpc": f"127.0.0.1:{port}"}), flush=True)
    await server.wait_for_termination()


def fastapi(body: bytes) -> None:
    """Serve the same JSON from memory: a dict that FastAPI turns into text on every call, as its users write it."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()
    answer = json.loads(body)

    @app.get("/v1/prices/{asset}")
    async def price(asset: str) -> dict[str, Any]:  # noqa: ARG001 -- parsed, as a real one is
        return answer

    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"ready": True, "http": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    """Start the peer that is named."""
    which, file = sys.argv[1:3]
    body = Path(file).read_bytes()
    if which == "fastapi":
        fastapi(body)
    else:
        import uvloop

        uvloop.run(bare(body))


if __name__ == "__main__":
    main()
