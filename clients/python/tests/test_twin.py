"""The synchronous client is the asynchronous one, made by scripts/unasync."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import nerkh
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "unasync.py"


@pytest.fixture(scope="module")
def unasync() -> ModuleType:
    """Give the script as a module."""
    spec = importlib.util.spec_from_file_location("unasync", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_twin_is_current(unasync: ModuleType) -> None:
    """What is checked in is what the script makes."""
    assert unasync.outdated() == []


def test_tokens_are_replaced_and_nothing_else(unasync: ModuleType) -> None:
    """Keywords go, names lose their prefix, strings and comments stay."""
    source = (
        "from nerkh._async._x import AsyncThing\n\n\n"
        'async def get(thing: AsyncThing) -> str:\n    """Await an async answer."""\n'
        "    async with thing as it:  # async here\n        return await it.text()\n"
    )
    assert unasync.transformed(source) == (
        "from nerkh._sync._x import Thing\n\n\n"
        'def get(thing: Thing) -> str:\n    """Await an async answer."""\n'
        "    with thing as it:  # async here\n        return it.text()\n"
    )


def test_an_outdated_twin_is_seen(unasync: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that changed, and one whose source is gone, are named."""
    (tmp_path / "_async").mkdir()
    (tmp_path / "_sync").mkdir()
    (tmp_path / "_async" / "_a.py").write_text("async def f() -> None:\n    pass\n")
    (tmp_path / "_sync" / "_a.py").write_text("def g() -> None:\n    pass\n")
    (tmp_path / "_sync" / "_gone.py").write_text("")
    monkeypatch.setattr(unasync, "PACKAGE", tmp_path)
    assert {path.name for path in unasync.outdated()} == {"_a.py", "_gone.py"}


@pytest.mark.parametrize("name", ["market", "news", "sentiment", "onchain", "history", "monitoring"])
def test_signatures_are_the_same(name: str) -> None:
    """Every method of a sub-client has its twin, with the same parameters."""
    asynchronous = getattr(nerkh.AsyncClient("localhost:1"), name)
    synchronous = getattr(nerkh.Client("localhost:1"), name)
    for method, found in inspect.getmembers(type(asynchronous), inspect.isfunction):
        twin = getattr(type(synchronous), method)
        assert list(inspect.signature(found).parameters) == list(inspect.signature(twin).parameters)
        assert not inspect.iscoroutinefunction(twin)
