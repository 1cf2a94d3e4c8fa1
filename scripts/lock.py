"""Writes requirements.txt (what `nerkh up` needs) and requirements-dev.txt (what the tests need beside it).

Both are hashed locks that name no index address. Run it with a virtual environment that has pip-tools, after every
change of the dependencies in the two pyproject files: `python scripts/lock.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ("hatchling", "editables")
"""What installs the two packages themselves as editable, without a look at any index."""
TESTED = ("pandas>=2", "polars>=1")
"""The client's extras, which its tests use."""
PINS = (
    "grpcio==1.75.0",  # newer ones cost more per call (docs/dependencies.md)
    "grpcio-health-checking==1.75.0",
    "grpcio-reflection==1.75.0",
    "grpcio-testing==1.75.0",
    "grpcio-tools==1.75.0",
    "protobuf<6.34",
)


def declared(*extras: str) -> list[str]:
    """Return the dependencies of both packages, but for the one on the other, with those of the server's extras."""
    found = []
    for folder in (ROOT, ROOT / "clients" / "python"):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        found += project["dependencies"]
        for extra in extras if folder == ROOT else ():
            found += project["optional-dependencies"][extra]
    return [name for name in found if not name.startswith("nerkh")]


def compile_lock(target: Path, wanted: Sequence[str], constraints: Sequence[str]) -> None:
    """Resolve `wanted` within `constraints` and write the lock to `target`."""
    with tempfile.TemporaryDirectory() as folder:
        source, limits = Path(folder) / "wanted.in", Path(folder) / "limits.txt"
        source.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        limits.write_text("\n".join(constraints) + "\n", encoding="utf-8")
        flags = ["--generate-hashes", "--no-header", "--no-annotate", "--allow-unsafe", "--strip-extras", "--quiet"]
        unnamed = ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        command = [sys.executable, "-m", "piptools", "compile", *flags, *unnamed]
        subprocess.run([*command, "-c", str(limits), "-o", str(target), str(source)], check=True)


def pinned(lock: Path) -> list[str]:
    """Return the pins of a lock, without hashes."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.partition(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))]


if __name__ == "__main__":
    runtime = ROOT / "requirements.txt"
    compile_lock(runtime, [*declared("local"), *BUILD], PINS)
    tested = [*declared("local", "dev", "bench"), *BUILD, *TESTED]
    compile_lock(ROOT / "requirements-dev.txt", tested, [*PINS, *pinned(runtime)])
