"""The rules around the code that a tool or a syntax tree can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 300


def run(*argv: str) -> str:
    """Run a tool of this environment in the project's folder; return what it printed, empty when it was content."""
    done = subprocess.run(
        [sys.executable, "-m", *argv], cwd=ROOT, capture_output=True, text=True, check=False, timeout=400
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def sources(*folders: str) -> list[Path]:
    """Return the project's own Python files, without generated ones."""
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "_pb2" not in path.name and ".venv" not in path.parts
    ]


def test_ruff_is_content() -> None:
    """Every rule of ruff holds, but for those that pyproject.toml excuses with a reason."""
    assert not run("ruff", "check", "--no-cache", ".")


def test_the_code_is_formatted() -> None:
    """The formatter would change nothing."""
    assert not run("ruff", "format", "--no-cache", "--check", ".")


def test_mypy_is_content() -> None:
    """The server and the client are typed strictly."""
    assert not run("mypy")


def test_modules_are_short() -> None:
    """No module of the server or the client is longer than 300 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources("server", "clients/python/nerkh")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


def test_silenced_findings_say_why() -> None:
    """A `noqa` or a `type: ignore` stands with its code and, behind it, its reason."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources("server", "clients/python", "tests", "scripts")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*(noqa|type: ignore)", line)
        and not re.search(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\])\s*(--|#|—)\s*\S", line)
        and "re.search" not in line
    ]
    assert not bare


def test_dependencies_are_used_and_explained() -> None:
    """Each dependency is imported (or run) somewhere and has its line in docs/dependencies.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    explained = (ROOT / "docs/dependencies.md").read_text()
    names = {re.split(r"[<>=!~;\[ ]", name)[0].lower() for name in named}
    assert not {name for name in names if f"`{name}`" not in explained}


IMPORT_NAMES = {
    "aiohttp-socks": "aiohttp_socks",
    "grpcio": "grpc",
    "grpcio-health-checking": "grpc_health",
    "grpcio-reflection": "grpc_reflection",
    "googleapis-common-protos": "google.rpc",
    "protobuf": "google.protobuf",
    "pydantic-settings": "pydantic_settings",
    "prometheus-client": "prometheus_client",
    "vadersentiment": "vaderSentiment",
}


def test_runtime_dependencies_are_imported() -> None:
    """What the server asks to be installed, its code imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    imported: set[str] = set()
    for path in sources("server"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
                imported.update(f"{node.module}.{alias.name}" for alias in node.names)
    unused = set()
    for name in project["dependencies"]:
        bare = re.split(r"[<>=!~;\[ ]", name)[0].lower()
        module = IMPORT_NAMES.get(bare, bare)
        if not any(use == module or use.startswith(module + ".") for use in imported):
            unused.add(bare)
    assert not unused


def test_no_file_names_an_index_or_a_machine() -> None:
    """Nothing tracked names a package index, and no lock holds download addresses."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not {"uv.lock", "poetry.lock"} & set(tracked)
    wrong = []
    for name in tracked:
        if name == "tests/around/test_style.py":
            continue
        text = (ROOT / name).read_bytes().decode("utf-8", "ignore")
        if re.search(r"--(extra-)?index-url|--find-links|--trusted-host\s+\S|\"resolved\":", text):
            wrong.append(name)
    assert not wrong
