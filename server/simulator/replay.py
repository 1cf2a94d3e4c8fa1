"""Recorded answers of real sources, served for the requests they belong to; nothing simulated stands among them.

The folder's `INDEX.json` names each answer with its request: host, path, query, for JSON-RPC the body. A recorded
answer belongs to a request of a source when the path is the same, what names the thing asked for is the same, and the
candle interval is; how many rows were asked for may differ. The most alike one is served.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from server.simulator.reply import JSON, Asked, Format, Said, said
from server.simulator.sources import StandIn
from server.simulator.view import View

_NAMES = frozenset({
    "symbol", "symbols", "pair", "id", "ids", "slug", "product_id", "address", "active", "txhash", "hash", "query", "q",
    "contractaddress", "contract_addresses", "module", "action", "chainid", "vs_currency", "vs_currencies", "quotes",
    "convert", "interval", "granularity", "days", "level", "boolean",
})  # fmt: skip
"""Parameters that name what is asked for; all others may differ."""
_DEFAULTS = {
    "vs_currency": "usd", "vs_currencies": "usd", "quotes": "usd", "convert": "usd", "interval": "1",
    "granularity": "60", "chainid": "1", "level": "1",
}  # fmt: skip
"""What a recorded request without the parameter asked for."""
_LOOSE = {"eth_getBalance": 1, "eth_call": 1, "eth_getTransactionCount": 1, "eth_getBlockByNumber": 1}
"""How many leading parameters of a call name what is asked for; all of them where the call is not listed."""
_SHAPES = {("binance", "symbol"), ("binance", "symbols")}
"""Where a parameter decides between one object and a list, so that a list is no answer to it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded answer with its request."""

    provider: str
    host: str
    method: str
    path: str
    query: Mapping[str, str]
    call: Mapping[str, Any] | None
    answer: Said
    file: str = field(compare=False, default="")


class NoIndex(ValueError):
    """A folder that holds no readable index of recorded answers."""


def cases(folder: Path) -> tuple[Case, ...]:
    """Return every recorded HTTP answer of a folder; raises `NoIndex`."""
    try:
        listed = json.loads((folder / "INDEX.json").read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoIndex(
            f"{folder} holds no readable INDEX.json ({type(error).__name__}); name a folder that does"
        ) from None
    return tuple(_case(folder, row) for row in listed if row["request"]["transport"] == "http")


def _case(folder: Path, row: dict[str, Any]) -> Case:
    request = row["request"]
    return Case(
        provider=row["provider"],
        host=request.get("host") or "",
        method=request.get("method") or "GET",
        path=request["path"],
        query={name: str(value) for name, value in (request.get("query") or {}).items()},
        call=request.get("body"),
        answer=_answer((folder / row["file"]).read_bytes(), row),
        file=row["file"],
    )


def _answer(body: bytes, row: dict[str, Any]) -> Said:
    """Return the recorded answer; what was no JSON is wrapped in an object that says what it was."""
    status, content_type = row.get("status") or 200, row.get("content_type") or JSON
    if row.get("not_json"):
        wrapped = json.loads(body)
        status, content_type = wrapped.get("status") or status, wrapped.get("content_type") or content_type
        body = str(wrapped["body"]).encode()
    return Said(int(status), body, content_type)


def recorded_form(recorded: Iterable[Case]) -> Callable[[StandIn], Format]:
    """Return how each stand-in answers from recorded answers alone."""
    every = tuple(recorded)

    def form_of(stand_in: StandIn) -> Format:
        own = tuple(case for case in every if case.provider in stand_in.recorded_as or case.host in stand_in.hosts)
        form = stand_in.form

        def answer(view: View, asked: Asked) -> Said:
            if form.name == "evm":
                return _called(own, asked)
            found = closest(own, _in_recorded_terms(view, form.name, asked))
            return form.unknown if found is None else found.answer

        return dataclasses.replace(form, answer=answer)

    return form_of


def closest(own: Iterable[Case], asked: Asked) -> Case | None:
    """Return the recorded answer that belongs to a request and is most like it, None when none does."""
    scored = [(score, case) for case in own if (score := _likeness(case, asked)) is not None]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _in_recorded_terms(view: View, form: str, asked: Asked) -> Asked:
    """Return a request as the recorded ones are written, where our base URL is another."""
    path, query = asked.path, dict(asked.query)
    match form:
        case "coinmarketcap":
            path = path.removeprefix("/public-api")
        case "blockscout":
            numbers = {"ethereum": "1", "polygon": "137"}
            path = f"/{numbers[view.options['chain']]}{path}"
        case "routescan":
            query["chainid"] = path.split("/")[5] if path.count("/") > 5 else ""
            path = "/v2/api"
    return dataclasses.replace(asked, path=path, query=query)


def _likeness(case: Case, asked: Asked) -> int | None:
    """Return how alike the requests are, None when the answer does not belong to the one asked."""
    if case.method != asked.method or case.call is not None or not _same_path(case.path, asked.path):
        return None
    for name in _NAMES & (case.query.keys() | asked.query.keys()):
        if not _same_name(case, asked, name):
            return None
    equal = sum(_plain(value) == _plain(asked.query.get(name)) for name, value in case.query.items())
    return 100 * equal - sum(name not in asked.query for name in case.query)


def _same_path(recorded: str, asked: str) -> bool:
    """Compare paths; `<word>` stands for any segment, and Etherscan's first version for its second."""
    pattern = re.sub(r"<[^/]*?>", "[^/]+", re.escape(recorded.rstrip("/")))
    if re.fullmatch(pattern, asked.rstrip("/"), re.IGNORECASE):
        return True
    return recorded == "/api" and asked == "/v2/api"


def _same_name(case: Case, asked: Asked, name: str) -> bool:
    """Say whether both requests name the same by a parameter; one that was not recorded may stand in the answer."""
    wanted, known = _plain(asked.query.get(name)), _plain(case.query.get(name))
    if known is None:
        known = _DEFAULTS.get(name)
    if wanted is None:
        return known == _DEFAULTS.get(name)
    if known is not None or (case.provider, name) in _SHAPES:
        return wanted == known
    return all(f'"{part}"'.encode() in case.answer.body.lower() for part in wanted.split(","))


def _plain(value: str | None) -> str | None:
    return None if value is None else value.lower().replace(" ", "")


def _called(own: Iterable[Case], asked: Asked) -> Said:
    """Answer a JSON-RPC call, or a batch of them, each from the recorded answer that it belongs to."""
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        return said(_rpc_error(None, -32_700, "parse error"))
    if not isinstance(body, list):
        return said(_result(own, body))
    return said([_result(own, call) for call in body])


def _result(own: Iterable[Case], call: object) -> dict[str, Any]:
    if not isinstance(call, dict):
        return _rpc_error(None, -32_600, "invalid request")
    method, parameters = call.get("method"), call.get("params") or []
    for case in own:
        if case.call is None or case.call.get("method") != method or case.answer.status != 200:
            continue
        recorded = case.call.get("params") or []
        leading = _LOOSE.get(str(method), max(len(recorded), len(parameters)))
        if _plain(json.dumps(recorded[:leading])) == _plain(json.dumps(parameters[:leading])):
            return {**orjson.loads(case.answer.body), "id": call.get("id")}
    return _rpc_error(call.get("id"), -32_000, "not found")


def _rpc_error(number: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
