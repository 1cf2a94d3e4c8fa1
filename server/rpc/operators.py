"""The operators' token: made at the first start, kept in the data folder for its owner alone. For `app`, `cli`."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from server.errors import SetupError

FILE = "admin.token"
_LENGTH = len(urlsafe_b64encode(bytes(32)).rstrip(b"="))


def operators_token(data: Path) -> str:
    """Return the token of a data folder, made when there is none; raises `SetupError` when it cannot be kept."""
    file = data / FILE
    try:
        data.mkdir(parents=True, exist_ok=True)
        kept = _read(file)
        if kept is None:
            _write(file)
            kept = _read(file)
    except OSError as error:
        text = f"data folder {data} cannot be used ({(error.strerror or 'unusable').lower()}); choose another: --data"
        raise SetupError(text) from None
    if kept is None:
        raise SetupError(f"{file} holds no token; remove it, a new one is made")
    return kept


def kept_token(data: Path) -> str:
    """Return the token that a running Nerkh keeps in its data folder; raises `SetupError` when it is not to be read."""
    file = data / FILE
    try:
        kept = _read(file)
    except OSError as error:
        raise SetupError(
            f"{file} cannot be read ({(error.strerror or 'unusable').lower()}); ask as its owner"
        ) from None
    if kept is None:
        raise SetupError(f"{file} holds no token; name the data folder of the running Nerkh: --data")
    return kept


def _read(file: Path) -> str | None:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    if len(text) != _LENGTH:
        return None
    file.chmod(0o600)
    return text


def _write(file: Path) -> None:
    """Write a new token whole or not at all: a killed start leaves none that is half there."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=") + b"\n")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
