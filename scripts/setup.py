"""The slow part of scripts/setup: makes or mends `.venv`, installs the locked requirements and the two packages.

Called with the kind (`plain` or `--dev`) and the fingerprint to leave behind; needs nothing but the standard library.
Two of them at once wait for each other.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"plain": "requirements.txt", "--dev": "requirements-dev.txt"}


def run(*command: str | Path) -> None:
    """Run a command in the project's folder; end with its status when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, check=False)
    if done.returncode != 0:
        print(f"setup: failed: {' '.join(str(word) for word in command[:6])} …", file=sys.stderr)
        sys.exit(done.returncode)


def works() -> bool:
    """Tell whether `.venv` holds a Python that runs and has pip, and was made where it is: it is full of paths."""
    config = VENV / "pyvenv.cfg"
    made = config.read_text().splitlines() if config.exists() else ()
    if not PYTHON.exists() or not any(line.startswith("command =") and line.endswith(f" {VENV}") for line in made):
        return False
    return subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def clear() -> None:
    """Empty `.venv`, but for the lock that is held."""
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def install(kind: str) -> None:
    """Install what the lock of `kind` names, and nothing else, then the two packages as they stand here.

    The lock is whole, so pip is to resolve nothing: it would look at newer versions than the lock's, and stop at one
    without a hash. That nothing is missing is checked at the end.
    """
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--require-virtualenv")
    one_by_one = ("install", "--quiet", "--no-deps")
    run(*pip, *one_by_one, "--require-hashes", "-r", LOCKS[kind])
    run(*pip, *one_by_one, "--no-index", "--no-build-isolation", "-e", "clients/python", "-e", ".")
    run(*pip, "check", "--quiet")


def main(kind: str, wanted: str) -> None:
    """Set up, unless another run did while this one waited."""
    stamps = {"plain": VENV / "set-up", "--dev": VENV / "set-up--dev"}
    if kind not in stamps:
        sys.exit(f"setup: {kind} is not known; give --dev or nothing")
    VENV.mkdir(exist_ok=True)
    with (VENV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamps[kind].exists() and stamps[kind].read_text() == wanted and works():
            return
        for stamp in stamps.values():
            stamp.unlink(missing_ok=True)
        if not works():
            print(f"setup: making {VENV} with Python {sys.version.split()[0]}", file=sys.stderr)
            clear()
            run(sys.executable, "-m", "venv", VENV)
        print(f"setup: installing {LOCKS[kind]}", file=sys.stderr)
        install(kind)
        for name in ("plain", "--dev") if kind == "--dev" else ("plain",):
            stamps[name].write_text(wanted)


if __name__ == "__main__":
    main(*sys.argv[1:3])
