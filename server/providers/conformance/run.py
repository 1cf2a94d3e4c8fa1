"""One recorded answer through the reader it belongs to, or through every reader where it belongs to none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from server.errors import BadAnswer
from server.providers.base import Provider, Reader, Recorded
from server.providers.conformance.bounds import beyond_bounds
from server.providers.conformance.cases import Case
from server.providers.conformance.compare import differences
from server.providers.rows import Refusal

_HOSTILE = "hostile"
_ERROR = "error"


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    """Every expected value is there, or the error was told as one."""
    PARSED = "parsed"
    """It was read and keeps the bounds; no values are expected of it."""
    FAILED = "failed"
    NO_PROVIDER = "no provider"
    NO_READER = "no reader"
    """The provider is known, and none of its readers is for this request."""
    SOCKET = "socket"
    """A WebSocket frame: for the live feeds, which are tested apart."""


@dataclass(frozen=True, slots=True)
class Result:
    """A case with its verdict, and why it failed."""

    case: Case
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def run_case(case: Case, providers: Iterable[Provider]) -> Result:
    """Read a case and judge it."""
    if case.kind == "ws":
        return Result(case, Verdict.SOCKET)
    known = tuple(providers)
    if case.kind == _HOSTILE:
        return _judged(case, Verdict.PASSED, _hostile(case, known))
    own = [provider for provider in known if case.provider in provider.recorded_as]
    if not own:
        return Result(case, Verdict.NO_PROVIDER)
    recorded = next((one for provider in own for one in provider.recorded if _is_for(one, case)), None)
    if recorded is None:
        return Result(case, Verdict.NO_READER)
    if case.kind == _ERROR:
        return _judged(case, Verdict.PASSED, _error(case, recorded.reader))
    verdict = Verdict.PARSED if case.expected is None else Verdict.PASSED
    return _judged(case, verdict, _value(case, recorded.reader))


def _judged(case: Case, verdict: Verdict, reasons: Iterable[str]) -> Result:
    found = tuple(reasons)
    return Result(case, Verdict.FAILED if found else verdict, found)


def _is_for(recorded: Recorded, case: Case) -> bool:
    return (
        recorded.method == case.method
        and re.fullmatch(recorded.path, case.path) is not None
        and all(case.query.get(key) == value for key, value in recorded.query.items())
        and recorded.rpc in {"", case.rpc}
    )


def _value(case: Case, reader: Reader) -> Iterator[str]:
    found, refused, raised = _read(case, reader)
    if raised or refused or isinstance(found, Refusal):
        yield raised or f"expected a value, found {refused or found}"
        return
    yield from beyond_bounds(found)
    for difference in differences(case.expected or {}, found):
        yield f"{difference.where}: expected {difference.expected!r}, found {difference.found!r}"


def _error(case: Case, reader: Reader) -> Iterator[str]:
    found, refused, raised = _read(case, reader)
    if raised:
        yield raised
    elif isinstance(found, Refusal):
        for difference in differences(case.expected or {}, found):
            yield f"{difference.where}: expected {difference.expected!r}, found {difference.found!r}"
    elif refused is None:
        yield f"expected the error to be told as one, found {type(found).__name__}"
    elif case.expected is not None:
        yield f"expected {dict(case.expected)!r}, found {refused} without the source's own code"


def _hostile(case: Case, providers: tuple[Provider, ...]) -> Iterator[str]:
    """Read a body that belongs to no provider by every reader: it may be mistaken for a value only if it is JSON."""
    for provider in providers:
        for reader in {recorded.reader for recorded in provider.recorded}:
            found, refused, raised = _read(case, reader)
            if raised:
                yield f"{provider.name}: {raised}"
            elif refused is None and not case.json_body and not isinstance(found, Refusal):
                yield f"{provider.name}: expected it to be refused, found {type(found).__name__}"


def _read(case: Case, reader: Reader) -> tuple[object, BadAnswer | None, str]:
    """Return what a reader gave, the answer's refusal, or what it should never have raised."""
    try:
        return reader(case.reply), None, ""
    except BadAnswer as refused:
        return None, refused, ""
    except Exception as error:  # noqa: BLE001 -- anything else is the fault that is looked for
        return None, None, f"raised {type(error).__name__}: {error}"
