"""The conformance run: recorded answers judged by value, and folders that cannot be run said so in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from server.errors import BadAnswer
from server.providers.base import Provider, Recorded, Reply
from server.providers.catalog import PROVIDERS
from server.providers.conformance.__main__ import main
from server.providers.conformance.cases import load
from server.providers.conformance.run import Verdict, run_case

FIXTURES = os.environ.get("NERKH_FIXTURES", "")
READING = '{"data":[{"value":"71","value_classification":"Greed","timestamp":"1704931200"}],"metadata":{"error":null}}'
LATEST = {"value": 71, "classification": "Greed", "timestamp_ms": 1704931200000, "seconds_until_update": None}


def entry(file: str, **changed: Any) -> dict[str, Any]:
    """Return an entry of INDEX.json for a reading of the Fear & Greed index."""
    request = {"transport": "http", "method": "GET", "host": "api.alternative.me", "path": "/fng/", "query": {}}
    return {"file": file, "provider": "alternativeme", "kind": "feargreed", "request": request, "status": 200} | changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with one case of each verdict but failure."""
    (tmp_path / "reading.json").write_text(READING)
    (tmp_path / "page.json").write_text(json.dumps({"status": 403, "content_type": "text/html", "body": "<html>"}))
    (tmp_path / "refused.json").write_text('{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"reverted"}}')
    call = {"transport": "http", "method": "POST", "path": "/", "body": {"method": "eth_call"}}
    frame = {"transport": "ws", "channel": "trades"}
    other = {"transport": "http", "method": "GET", "path": "/v2/listings/"}
    index = [
        entry("reading.json", expected={"count": 1, "latest": LATEST}),
        entry("reading.json"),
        entry("reading.json", provider="nobody"),
        entry("reading.json", request=other),
        entry("reading.json", kind="ws", request=frame, status=None),
        entry("page.json", kind="hostile", provider="generic", not_json=True, envelope="wrapped"),
        entry("refused.json", kind="error", provider="ethrpc", request=call),
    ]
    write(tmp_path, index)
    return tmp_path


def write(folder: Path, files: object) -> None:
    """Write INDEX.json."""
    (folder / "INDEX.json").write_text(json.dumps({"files": files}))


def test_each_case_gets_its_verdict(folder: Path) -> None:
    """Values are compared where there are any, errors and hostile bodies classified, the rest told apart."""
    verdicts = [run_case(case, PROVIDERS).verdict for case in load(folder)]
    assert verdicts == [
        Verdict.PASSED,
        Verdict.PARSED,
        Verdict.NO_PROVIDER,
        Verdict.NO_READER,
        Verdict.SOCKET,
        Verdict.PASSED,
        Verdict.PASSED,
    ]


def test_the_report_counts_per_kind_and_in_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has cases, passed, parsed, failed and what nothing reads; frames are counted apart."""
    assert main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[0].split()) == "kind cases passed parsed failed without a provider without a reader"
    assert next(line for line in lines if line.startswith("feargreed")).split()[1:] == ["4", "1", "1", "0", "1", "1"]
    assert next(line for line in lines if line.startswith("all")).split()[1:] == ["6", "3", "1", "0", "1", "1"]
    assert "1 WebSocket frames" in "\n".join(lines)
    assert "without a reader: reading.json" in lines


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"count": 2}, "count: expected 2, found 1"),
        ({"latest": LATEST | {"value": 72}}, "latest[0].value: expected 72, found Decimal('71')"),
        ({"latest": LATEST | {"timestamp_ms": 1704931200001}}, "latest[0].timestamp_ms: expected 1704931200001"),
        ({"latest": LATEST | {"classification": "Fear"}}, "expected 'Fear', found 'Greed'"),
        ({"latest": LATEST | {"mood": 1}}, "nothing of that name in Reading"),
    ],
)
def test_a_wrong_value_fails_with_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: dict[str, Any], found: str
) -> None:
    """A value that differs, a missing row and a field that nobody reads are failures that show both sides."""
    (tmp_path / "reading.json").write_text(READING)
    write(tmp_path, [entry("reading.json", expected=expected)])
    assert main([str(tmp_path)]) == 1
    assert found in capsys.readouterr().out


def test_an_error_read_as_a_value_fails(tmp_path: Path) -> None:
    """A body that is listed as an error has to be told as one, and a value has to be read as one."""
    (tmp_path / "reading.json").write_text(READING)
    (tmp_path / "error.json").write_text('{"data":[],"metadata":{"error":"down"}}')
    write(tmp_path, [entry("reading.json", kind="error"), entry("error.json")])
    assert [run_case(case, PROVIDERS).verdict for case in load(tmp_path)] == [Verdict.FAILED, Verdict.FAILED]


def test_a_reader_that_raises_anything_else_fails(tmp_path: Path) -> None:
    """KeyError and the like are faults of the reader, whatever the body; so is a page read as a value."""

    def careless(reply: Reply) -> object:
        return {}[reply.body]

    def gullible(_reply: Reply) -> object:
        return ("a value",)

    def right(_reply: Reply) -> object:
        raise BadAnswer("html")

    (tmp_path / "reading.json").write_text(READING)
    write(tmp_path, [entry("reading.json", kind="hostile", not_json=True), entry("reading.json", kind="error")])
    hostile, error = load(tmp_path)
    for reader, verdict in ((careless, Verdict.FAILED), (gullible, Verdict.FAILED), (right, Verdict.PASSED)):
        provider = Provider("p", (), (), ("alternativeme",), (Recorded(reader),))
        assert run_case(hostile, (provider,)).verdict is verdict
        assert run_case(error, (provider,)).verdict is verdict


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "has no list `files`"),
        ('{"files": [1]}', "files[0]: is not an object"),
        ('{"files": [{"file": "a", "kind": "b"}]}', "files[0].provider: is not a text"),
        ('{"files": [{"file": "a", "kind": "b", "provider": "c"}]}', "files[0].request: is not an object"),
        ('{"files": [{"file": "a", "kind": "b", "provider": "c", "request": {}}]}', "cannot be read"),
        ('{"files": [{"file": "../x", "kind": "b", "provider": "c", "request": {}}]}', "outside the folder"),
    ],
)
def test_a_folder_of_another_form_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], index: str | None, said: str
) -> None:
    """What is wrong with the folder is said in one line, with exit status 2."""
    if index is not None:
        (tmp_path / "INDEX.json").write_text(index)
    assert main([str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert not told.out


def test_without_a_folder_it_says_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither an argument nor the variable is a usage error."""
    for arguments in ([], [""], ["a", "b"]):
        assert main(arguments) == 2
        assert "NERKH_FIXTURES" in capsys.readouterr().err


@pytest.mark.skipif(not FIXTURES, reason="NERKH_FIXTURES names no folder of recorded answers of real sources")
def test_no_recorded_answer_fails() -> None:
    """Every recorded answer of a real source that a provider here reads has the values that are known of it."""
    results = [run_case(case, PROVIDERS) for case in load(Path(FIXTURES))]
    assert results
    assert not [(result.case.file, result.reasons) for result in results if result.verdict is Verdict.FAILED]
