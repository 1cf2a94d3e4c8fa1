"""The file that remembers which source listens on which port, so that a restart keeps them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

CONTROL = "_control"


def read_ports(file: Path | None) -> dict[str, int]:
    """Return the saved ports by source; none when there is no file or it cannot be read."""
    if file is None:
        return {}
    try:
        saved = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(saved, dict):
        return {}
    return {name: port for name, port in saved.items() if isinstance(port, int) and 0 < port < 65_536}


def write_ports(file: Path | None, ports: Mapping[str, int]) -> None:
    """Save the ports; the file is replaced at once, never half written."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(dict(ports), indent=1) + "\n", "utf-8")
    fresh.replace(file)
