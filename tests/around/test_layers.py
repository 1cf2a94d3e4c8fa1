"""The import layers: who may import whom, read from the syntax tree of every module of `server`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "server"

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "clock", "apart", "settings", "observe"}),
    frozenset({"model", "assets", "addresses"}),
    frozenset({"providers", "store", "shared"}),
    frozenset({"fallback", "live"}),
    frozenset({"collectors", "services"}),
    frozenset({"rpc"}),
    frozenset({"app"}),
    frozenset({"supervisor", "cli", "__main__"}),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

EXCLUSIVE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("grpc", "grpc_health", "grpc_reflection", "google", "nerkh.v1", "nerkh.admin"), ("rpc", "app")),
    (("sqlalchemy", "asyncpg", "alembic"), ("store",)),
    (("redis",), ("shared",)),
    (("time", "random"), ("clock", "simulator", "supervisor")),
)
"""Which outside modules are for which of ours alone."""
APART: tuple[set[str], ...] = (
    *({one, other} for one in ("fallback", "live") for other in ("store", "shared")),
    {"fallback", "live"},
    {"store", "shared"},
)
"""Parts that import nothing of each other."""


def modules() -> list[Path]:
    """Return every module of the server."""
    return sorted(SERVER.rglob("*.py"))


def part(path: Path, root: Path = SERVER) -> str:
    """Return the top part of `server` that a module belongs to."""
    return path.relative_to(root).parts[0].removesuffix(".py")


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the dotted name of every import, also those inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def under(name: str, module: str) -> bool:
    """Tell whether a dotted name is a module or lies in it."""
    return name == module or name.startswith(module + ".")


def faults(own: str, where: str, source: str) -> list[str]:
    """Return what a module of the part `own` imports against the rules."""
    found = []
    for line, name in imports(source):
        bits = name.split(".")
        if bits[0] == "server" and len(bits) > 1 and own != bits[1]:
            if own == "simulator" and bits[1] != "model":
                found.append(f"{where}:{line} the simulator imports {name}; only server.model is allowed")
            elif own in LEVEL and bits[1] in LEVEL and LEVEL[bits[1]] > LEVEL[own]:
                found.append(f"{where}:{line} {own} imports {name}, a higher layer")
            elif own == "observe" and bits[1] != "settings":
                found.append(f"{where}:{line} observe imports {name}; only server.settings is allowed")
            elif {own, bits[1]} in APART:
                found.append(f"{where}:{line} {own} imports {name}; they meet in app alone")
        for outside, allowed in EXCLUSIVE:
            if own not in allowed and any(under(name, module) for module in outside):
                found.append(f"{where}:{line} {own} imports {name}, which is for {', '.join(allowed)} alone")
        if under(name, "nerkh") and own not in ("rpc", "app", "cli"):
            found.append(f"{where}:{line} {own} imports {name}; the client is for the command line")
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    """Every import points to the module's own layer or a lower one, and exclusive libraries stay where they belong."""
    where = str(path.relative_to(SERVER.parent))
    assert not faults(part(path), where, path.read_text())


def test_every_part_has_a_layer() -> None:
    """A new part of the server is given its layer here, or this fails."""
    parts = {part(path) for path in modules()} - {"__init__", "simulator", "data"}
    assert parts <= set(LEVEL)


@pytest.mark.parametrize(
    ("own", "source"),
    [
        ("providers", "from server.fallback import engine"),
        ("fallback", "import grpc"),
        ("fallback", "from server.store import write"),
        ("services", "import sqlalchemy as sa"),
        ("fallback", "from redis.asyncio import Redis"),
        ("fallback", "from server.shared import cache"),
        ("shared", "from server.store import write"),
        ("providers", "import time"),
        ("simulator", "from server.providers import catalog"),
        ("services", "from nerkh.v1 import types_pb2"),
    ],
)
def test_the_check_finds_a_wrong_import(own: str, source: str) -> None:
    """The check itself can fail: each of these imports is named as a fault."""
    assert faults(own, "x.py", source)


AIOHTTP_CLIENT = {"ClientSession", "TCPConnector", "request"}


def test_one_module_alone_makes_http_calls() -> None:
    """An aiohttp client stands in one module under `fallback`, and nowhere else (the simulator only serves)."""
    users = {
        str(path.relative_to(SERVER))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "aiohttp"
        and node.attr in AIOHTTP_CLIENT
    }
    assert users == {"fallback/http.py"}


def test_only_the_clock_reads_the_wall_clock() -> None:
    """`datetime.now`, `utcnow` and `today` are called in `clock.py` (and the simulated world) alone."""
    wall = [
        f"{path.relative_to(SERVER.parent)}:{node.lineno}"
        for path in modules()
        if part(path) not in ("clock", "simulator")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("now", "utcnow", "today")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date")
    ]
    assert not wall


def test_only_settings_reads_the_environment() -> None:
    """`os.environ` and `os.getenv` are read in `settings.py` alone; the supervisor hands its own on to children."""
    readers = [
        f"{path.relative_to(SERVER.parent)}:{node.lineno}"
        for path in modules()
        if part(path) not in ("settings", "supervisor")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    assert not readers
