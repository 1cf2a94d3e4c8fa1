"""Gives the contract's tests a copy of proto/ to spoil, and what the generator makes of it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    """Return scripts/gen_proto.py as a module."""
    spec = importlib.util.spec_from_file_location("gen_proto", ROOT / "scripts" / "gen_proto.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def gen_proto() -> ModuleType:
    """Give the generator."""
    return generator()


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Give a function that copies proto/, replaces one text in one file, and returns the copy."""

    def spoiled(file: str, old: str, new: str) -> Path:
        copy = tmp_path / "proto"
        shutil.copytree(ROOT / "proto", copy)
        path = copy / "nerkh" / "v1" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return copy

    return spoiled


@pytest.fixture
def buf(gen_proto: ModuleType, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs buf on the descriptor set of a folder of protos."""

    def run(protos: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "set.binpb"
        gen_proto.descriptor_set(protos, file, comments=True)
        return subprocess.run(
            [Path(sys.executable).with_name("buf"), command, file, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )

    return run
