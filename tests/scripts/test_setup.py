"""scripts/setup: quick when there is nothing to do, helpful when it cannot, and safe when two run at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "scripts",
    "requirements.txt",
    "requirements-dev.txt",
    "pyproject.toml",
    "README.md",
    "clients/python/pyproject.toml",
    "clients/python/README.md",
    "clients/python/nerkh",
    "server",
)


def run(project: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/setup of a project."""
    argv = [str(project / "scripts" / "setup"), *words]
    env = {**os.environ, **environ}
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, env=env)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a copy of what scripts/setup reads, without a .venv."""
    for name in NEEDED:
        source, target = ROOT / name, tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return tmp_path / "project"


def pretend(project: Path, kind: str) -> None:
    """Leave the project as a finished set-up of a kind would."""
    names = ("requirements.txt", "requirements-dev.txt", "pyproject.toml", "clients/python/pyproject.toml")
    together = f"{project}\n".encode() + b"".join(
        (project / name).read_bytes() for name in (*names, "scripts/setup.py")
    )
    fingerprint = subprocess.run(["cksum"], input=together, capture_output=True, check=True).stdout.decode().strip()
    (project / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (project / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (project / ".venv" / f"set-up{kind}").write_text(fingerprint)


def test_nothing_is_done_twice(project: Path) -> None:
    """With the fingerprint in place it looks for no Python, says nothing, and the fingerprint is of this content."""
    pretend(project, "")
    done = run(project, NERKH_PYTHON="/nowhere/python")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml", "clients/python/pyproject.toml"])
def test_a_change_is_seen(project: Path, changed: str) -> None:
    """Whatever decides what is installed is part of the fingerprint."""
    pretend(project, "")
    with (project / changed).open("a") as file:
        file.write("\n")
    assert run(project, NERKH_PYTHON="/nowhere/python").returncode == 69


def test_the_plain_kind_is_not_the_one_for_tests(project: Path) -> None:
    """After a plain set-up, `--dev` still has work to do."""
    pretend(project, "")
    assert run(project, "--dev", NERKH_PYTHON="/nowhere/python").returncode == 69


def test_without_a_python_it_says_what_to_do(project: Path) -> None:
    """One line, exit status 69."""
    done = run(project, NERKH_PYTHON="/nowhere/python")
    assert done.returncode == 69
    assert done.stderr == "setup: Python 3.11 or newer is needed; install it, or name one with NERKH_PYTHON\n"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_locks_have_hashes_and_name_no_address(name: str) -> None:
    """Every pin has its hashes, and no line says where to fetch from."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==[^\n]+ \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z]", text, re.MULTILINE)) > 40
    assert not re.search(r"://|--(index|extra|find|trusted)", text)


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.txt", ("local",)), ("requirements-dev.txt", ("local", "dev", "bench"))]
)
def test_the_locks_satisfy_what_the_packages_declare(name: str, extras: tuple[str, ...]) -> None:
    """A dependency that is added or moved must be locked again (scripts/lock.py)."""
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
    wanted = []
    for folder in (ROOT, ROOT / "clients/python"):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        wanted += project["dependencies"]
        for extra in extras if folder == ROOT else ():
            wanted += project["optional-dependencies"][extra]
    for requirement in map(Requirement, wanted):
        if canonicalize_name(requirement.name) != "nerkh":
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_the_lock_for_tests_holds_all_of_the_plain_one() -> None:
    """What runs is what is tested: the same versions."""
    plain, dev = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert plain <= dev


@pytest.mark.registry
@pytest.mark.skipif(not os.environ.get("NERKH_TEST_REGISTRY"), reason="installs from the package registry")
def test_two_at_once_from_nothing(project: Path) -> None:
    """Two set-ups of a fresh clone wait for each other; both end well, and the command works."""
    argv = [str(project / "scripts" / "setup")]
    both = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=400)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("installing" in text for text in said) == 1
    done = subprocess.run([project / ".venv/bin/nerkh", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage" in done.stdout
