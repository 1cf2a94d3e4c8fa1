"""The faults that can be brought over a source: their names, parameters, and which are active now."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a fault: a number within bounds, one of some words, or a text when it has neither."""

    default: float | str
    least: float = 0.0
    most: float = 1e9
    words: tuple[str, ...] = ()


KINDS: Mapping[str, Mapping[str, Parameter]] = {
    "hang": {},
    "latency": {
        "ms": Parameter(1000.0, 0, 600_000),
        "law": Parameter("fixed", words=("fixed", "normal", "lognormal")),
        "deviation": Parameter(0.5, 0, 10),
    },
    "drip": {"bytes_per_s": Parameter(64.0, 1, 1e9)},
    "refuse": {},
    "reset": {},
    "dns": {},
    "tls": {},
    "status": {"code": Parameter(503.0, 100, 599)},
    "rate_limit": {
        "retry_after": Parameter(0.0, 0, 86_400),
        "code": Parameter(429.0, 418, 429),
        "requests": Parameter(0.0, 0, 1e6),
        "per_s": Parameter(60.0, 0.001, 86_400),
    },
    "region": {"code": Parameter(451.0, 403, 451)},
    "challenge": {},
    "html": {"code": Parameter(200.0, 200, 599)},
    "error_body": {},
    "truncated": {"keep": Parameter(0.5, 0, 1)},
    "nan": {},
    "huge": {"mb": Parameter(100.0, 0.001, 10_000)},
    "bomb": {"mb": Parameter(1000.0, 0.001, 10_000)},
    "nested": {"depth": Parameter(10_000.0, 1, 1_000_000)},
    "wrong_asset": {},
    "wrong_value": {"factor": Parameter(10.0, 1e-9, 1e9)},
    "frozen": {},
    "skew": {"by_s": Parameter(3600.0, -1e9, 1e9)},
    "dead": {"how": Parameter("refused", words=("refused", "404", "410"))},
}
COMMON: Mapping[str, Parameter] = {
    "share": Parameter(1.0, 0, 1),
    "seconds": Parameter(0.0, 0, 1e9),
    "after": Parameter(0.0, 0, 1e9),
    "path": Parameter(".*"),
}
"""What every fault takes: the share of requests, how long (0: until it is taken back), how soon, and which paths."""


class Refused(Exception):
    """A fault that cannot be brought: `status` for the control API, and a text that says what there is."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one source. Times are Unix seconds of the simulator's clock; `end` is None without an end."""

    name: str
    start: float
    end: float | None
    share: float = 1.0
    path: str = ".*"
    values: Mapping[str, float | str] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """Return a parameter that is a number."""
        return float(self.values.get(name, KINDS[self.name][name].default))

    def word(self, name: str) -> str:
        """Return a parameter that is a word."""
        return str(self.values.get(name, KINDS[self.name][name].default))

    def covers(self, now: float) -> bool:
        """Say whether the fault is active at a time."""
        return self.start <= now and (self.end is None or now < self.end)

    def shown(self) -> dict[str, object]:
        """Return the fault as the control API shows it."""
        return {
            "fault": self.name,
            "share": self.share,
            "path": self.path,
            "start": self.start,
            "end": self.end,
            **self.values,
        }


def fault_of(body: object, now: float) -> Fault:
    """Return the fault that a control request describes; raises `Refused` with what there is instead."""
    if not isinstance(body, dict):
        raise Refused(400, 'the body must be a JSON object such as {"fault": "hang", "seconds": 60}')
    name = str(body.get("fault", ""))
    if name not in KINDS:
        raise Refused(400, f"no fault {name!r}; there are {', '.join(KINDS)}")
    parameters = {**COMMON, **KINDS[name]}
    for given in body:
        if given != "fault" and given not in parameters:
            raise Refused(400, f"{name} has no parameter {given!r}; it takes {', '.join(parameters)}")
    values = {key: _checked(key, body[key], parameter) for key, parameter in parameters.items() if key in body}
    share, path = float(values.pop("share", 1.0)), str(values.pop("path", ".*"))
    start, lasts = now + float(values.pop("after", 0.0)), float(values.pop("seconds", 0.0))
    try:
        re.compile(path)
    except re.error as error:
        raise Refused(400, f"path is not a regular expression: {error}") from None
    return Fault(name, start, start + lasts if lasts else None, share, path, values)


def _checked(name: str, value: object, parameter: Parameter) -> float | str:
    if isinstance(parameter.default, str):
        text = str(value)
        if parameter.words and text not in parameter.words:
            raise Refused(400, f"{name} must be one of {', '.join(parameter.words)}, not {text!r}")
        return text
    if isinstance(value, bool) or not isinstance(value, int | float) or not parameter.least <= value <= parameter.most:
        raise Refused(400, f"{name} must be a number from {parameter.least:g} to {parameter.most:g}, not {value!r}")
    return float(value)


class Faults:
    """The faults of one source; at most one of each name."""

    def __init__(self, seed: int) -> None:
        self._active: dict[str, Fault] = {}
        self._random = random.Random(seed)
        self._allowed: deque[float] = deque()
        """When the requests came that a `rate_limit` with a number let through."""

    def put(self, fault: Fault) -> None:
        """Bring a fault; one of the same name is replaced."""
        self._active[fault.name] = fault
        if fault.name == "rate_limit":
            self._allowed.clear()

    def drop(self, name: str | None = None) -> None:
        """Take one fault back, or all."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)

    def standing(self, now: float) -> tuple[Fault, ...]:
        """Return the faults that are not over, those that are yet to begin among them."""
        for name in [name for name, fault in self._active.items() if fault.end is not None and now >= fault.end]:
            del self._active[name]
        return tuple(self._active.values())

    def is_active(self, name: str, now: float) -> bool:
        """Say whether a fault of this name is active now."""
        return any(fault.name == name and fault.covers(now) for fault in self.standing(now))

    def closed(self, now: float) -> bool:
        """Say whether the source refuses connections now."""
        return any(
            fault.covers(now) and (fault.name == "refuse" or (fault.name == "dead" and fault.word("how") == "refused"))
            for fault in self.standing(now)
        )

    def for_request(self, path: str, now: float) -> dict[str, Fault]:
        """Return the faults that befall one request, by name; a fault's share decides by chance."""
        return {
            fault.name: fault
            for fault in self.standing(now)
            if fault.covers(now)
            and re.search(fault.path, path)
            and (fault.share >= 1 or self._random.random() < fault.share)
            and (fault.name != "rate_limit" or self._is_beyond(fault, now))
        }

    def _is_beyond(self, fault: Fault, now: float) -> bool:
        """Count a request against a `rate_limit`; say whether it is beyond what any span of `per_s` may hold."""
        allowed = self._allowed
        while allowed and allowed[0] + fault.number("per_s") <= now:
            allowed.popleft()
        if len(allowed) >= fault.number("requests"):
            return True
        allowed.append(now)
        return False

    def delay(self, fault: Fault) -> float:
        """Return how long `latency` holds this answer back, in seconds."""
        mean, deviation = fault.number("ms") / 1000, fault.number("deviation")
        match fault.word("law"):
            case "normal":
                return max(0.0, self._random.gauss(mean, mean * deviation))
            case "lognormal":
                return mean * self._random.lognormvariate(0.0, deviation)
        return mean
