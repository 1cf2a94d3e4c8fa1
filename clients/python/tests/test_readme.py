"""The README's examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import nerkh
import pytest
from nerkh.testing import FakeServer

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_examples_are_python(block: str) -> None:
    """Every example compiles."""
    compile(block, "README.md", "exec")


def test_the_test_example_runs() -> None:
    """The example for users' own tests runs as it stands."""
    (block,) = [block for block in BLOCKS if "FakeServer()" in block]
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102  # our own words


def test_every_call_is_listed() -> None:
    """The table names each call of each sub-client, and no other."""
    client = nerkh.Client("localhost:1")
    for name, calls in re.findall(r"\| `client\.(\w+)` \| (.*) \|", README):
        found = {call for call in dir(type(getattr(client, name))) if not call.startswith("_")}
        assert set(re.findall(r"`(\w+)`", calls)) == found


def test_every_error_is_listed() -> None:
    """The table of errors names each, but the root."""
    table = README.split("| error | says |")[1].split("```")[0]
    errors = {
        name
        for name in nerkh.__all__
        if isinstance(found := getattr(nerkh, name), type) and issubclass(found, Exception)
    }
    assert errors - {"NerkhError"} <= set(re.findall(r"`(\w+)`", table))
    assert FakeServer.__name__ in README
