"""What a source says of its own limits in an answer's headers; pure, read by the budgets.

Known are the usual names (`X-RateLimit-Remaining` with its spellings, per minute or day too), the drafts of the
standard (`RateLimit-Remaining`, and `RateLimit` as a list or as items), and those of Binance, Bybit, Gate and KuCoin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_EPOCH_S = 1e9
_EPOCH_MS = 1e12
_LONGEST_S = 31 * 86_400.0
"""No span and no reset that a source states is longer."""
_MOST = 10**12
_LONGEST_DATE = 40
_LONGEST_TEXT = 512
"""So much of a header is read: a source may send 8 kB, and each answer's are looked at."""
_SHORT = 12
"""Whole numbers of fewer digits, nearly all there are, are read without a closer look."""
_SPANS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "month": 30 * 86_400.0}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_USED = re.compile(r"x-(?:mbx|sapi)-used-(?:ip-)?weight-([0-9]{1,4})([smhd])")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_ITEM = re.compile(r"(?<!\w)(\w{1,40})\s*=\s*\"?([0-9]{1,12})")


class Allowance(NamedTuple):
    """One budget as its source sees it. `name` tells it from others; None for what the source does not say."""

    name: str
    left: int | None = None
    used: int | None = None
    limit: int | None = None
    reset_s: float | None = None
    """Seconds until it is full again."""
    span_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Spelling:
    """The headers that together state one budget; `unit_s` is what one of a small reset is in seconds."""

    limit: str
    reset: str
    span_s: float | None = None
    unit_s: float = 1.0


def _spellings() -> dict[str, _Spelling]:
    """Return the headers of a limit and a reset by that of what remains."""
    found = {
        "ratelimit-remaining": _Spelling("ratelimit-limit", "ratelimit-reset"),
        "x-ratelimit-requests-remaining": _Spelling("x-ratelimit-requests-limit", "x-ratelimit-requests-reset"),
        "x-bapi-limit-status": _Spelling("x-bapi-limit", "x-bapi-limit-reset-timestamp"),
        "x-gate-ratelimit-requests-remain": _Spelling("x-gate-ratelimit-limit", "x-gate-ratelimit-reset-timestamp"),
        "gw-ratelimit-remaining": _Spelling("gw-ratelimit-limit", "gw-ratelimit-reset", unit_s=0.001),
    }
    for prefix in ("x-ratelimit", "x-rate-limit"):
        found[f"{prefix}-remaining"] = _Spelling(f"{prefix}-limit", f"{prefix}-reset")
        for name, span_s in _SPANS.items():
            found[f"{prefix}-remaining-{name}"] = _Spelling(f"{prefix}-limit-{name}", f"{prefix}-reset-{name}", span_s)
    return found


_SPELLINGS = _spellings()


def names_in(headers: Iterable[str]) -> tuple[str, ...]:
    """Return the names, in lower case, of those headers that say what is left or used."""
    names = dict.fromkeys(name.lower() for name in headers)
    return tuple(name for name in names if name in _SPELLINGS or name == "ratelimit" or _USED.fullmatch(name))


def allowances(headers: Mapping[str, str], names: Sequence[str], wall_s: float) -> list[Allowance]:
    """Return what the headers of these names say; what is no number is passed over. `wall_s` is the time since 1970."""
    found = []
    for name in names:
        text = headers.get(name)
        if text is None:
            continue
        text = text[:_LONGEST_TEXT]
        if name == "ratelimit":
            found += _items(text, headers.get("ratelimit-policy", "")[:_LONGEST_TEXT])
        elif name in _SPELLINGS:
            found += _plain(name, text, headers, wall_s)
        else:
            found += _used(name, text, wall_s)
    return found


def _plain(name: str, text: str, headers: Mapping[str, str], wall_s: float) -> list[Allowance]:
    """Read a remaining header with the limit and the reset beside it."""
    left = _whole(text)
    if left is None:
        return []
    spelling = _SPELLINGS[name]
    reset_s = _reset(headers.get(spelling.reset, ""), wall_s, spelling.unit_s)
    limit = _whole(headers.get(spelling.limit, ""))
    return [Allowance(name, left, None, limit or None, reset_s, spelling.span_s)]


def _used(name: str, text: str, wall_s: float) -> list[Allowance]:
    """Read a header that counts what was used in a span of the clock, such as the present minute."""
    match, used = _USED.fullmatch(name), _whole(text)
    if match is None or used is None:
        return []
    span_s = min(int(match[1]) * _UNITS[match[2]], _LONGEST_S)
    return [Allowance(name, None, used, None, span_s - wall_s % span_s, span_s)] if span_s else []


def _items(text: str, policies: str) -> list[Allowance]:
    """Read the standard's drafts: `limit=100, remaining=5, reset=30`, or `"minute";r=5;t=30` with its policy apart."""
    if "remaining" in text.lower():
        parts = dict(_ITEM.findall(text.lower()))
        return [_drafted("ratelimit", parts, {}, "remaining", "reset")] if "remaining" in parts else []
    stated = {_label(each): dict(_ITEM.findall(each)) for each in policies.split(",")}
    items = [(_label(each), dict(_ITEM.findall(each))) for each in text.split(",")]
    return [
        _drafted(f"ratelimit {label}", parts, stated.get(label, {}), "r", "t") for label, parts in items if "r" in parts
    ]


def _drafted(name: str, parts: dict[str, str], policy: dict[str, str], left: str, reset: str) -> Allowance:
    """Return one item of the standard's header as an allowance."""
    limit = _whole(policy.get("q", parts.get("limit", "")))
    span_s = min(_whole(policy.get("w", "")) or 0.0, _LONGEST_S)
    reset_s = min(float(parts[reset]), _LONGEST_S) if reset in parts else None
    return Allowance(name, _whole(parts[left]), None, limit or None, reset_s, span_s or None)


def _label(item: str) -> str:
    """Return the name of an item, without its parameters."""
    return item.partition(";")[0].strip().strip('"')[:40]


def _whole(text: str) -> int | None:
    """Return a whole number of a header, the first of several; None for anything else."""
    if len(text) < _SHORT and text.isascii() and text.isdigit():
        return int(text)
    first = re.split(r"[,;]", text, maxsplit=1)[0].strip()
    return min(int(float(first)), _MOST) if _NUMBER.fullmatch(first) else None


def _reset(text: str, wall_s: float, unit_s: float) -> float | None:
    """Return the seconds until a reset: given as such, as a time since 1970 (in seconds or less), or as a date."""
    text = text.strip()
    if (len(text) < _SHORT and text.isascii() and text.isdigit()) or _NUMBER.fullmatch(text):
        value = float(text)
        if value >= _EPOCH_MS:
            value = value / 1000 - wall_s
        elif value >= _EPOCH_S:
            value -= wall_s
        else:
            value *= unit_s
    else:
        date = _date(text)
        if date is None:
            return None
        value = date - wall_s
    return min(max(value, 0.0), _LONGEST_S)


def _date(text: str) -> float | None:
    """Return a date in the usual forms as seconds since 1970, None for what is none."""
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, OverflowError, IndexError):
            return None
    try:
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
