"""Holds the contract to its style: buf's STANDARD and COMMENTS rules, and our own rules on names."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parents[2]
LINT = '{"version": "v2", "lint": {"use": ["STANDARD", "COMMENTS"], "ignore": ["google"]}}'
PREPOSITIONS = {
    "after",
    "at",
    "before",
    "between",
    "by",
    "for",
    "from",
    "in",
    "of",
    "on",
    "since",
    "to",
    "until",
    "with",
}
STANDARD_NAMES = {"order_by"}  # AIP-132 names it so in every API
Buf = Callable[..., subprocess.CompletedProcess[str]]


def test_lint_is_clean(buf: Buf) -> None:
    """Buf finds nothing to say against the contract."""
    found = buf(ROOT / "proto", "lint", "--config", LINT)
    assert (found.returncode, found.stdout) == (0, "")


def test_lint_sees_a_missing_comment(buf: Buf, spoil: Callable[[str, str, str], Path]) -> None:
    """A field without a comment does not pass."""
    found = buf(
        spoil("market.proto", "  // Holds the asset's name, such as `Bitcoin`.\n", ""), "lint", "--config", LINT
    )
    assert found.returncode != 0
    assert "should have a non-empty comment" in found.stdout


def test_lint_sees_a_bad_name(buf: Buf, spoil: Callable[[str, str, str], Path]) -> None:
    """A response that is not named for its RPC does not pass."""
    found = buf(spoil("types.proto", "FRESHNESS_LIVE = 1", "LIVE = 1"), "lint", "--config", LINT)
    assert found.returncode != 0
    assert "FRESHNESS_" in found.stdout


def misnamed(files: descriptor_pb2.FileDescriptorSet) -> Iterator[str]:
    """Yield every field that breaks a rule on names."""
    for file in files.file:
        for message in file.message_type:
            for field in message.field if file.package.startswith("nerkh.") else ():
                words = set(field.name.split("_"))
                is_time = field.type_name == ".google.protobuf.Timestamp"
                if field.name not in STANDARD_NAMES and words & PREPOSITIONS:
                    yield f"{message.name}.{field.name}: a preposition"
                if field.name.startswith("is_"):
                    yield f"{message.name}.{field.name}: is_"
                if is_time != field.name.endswith("_time"):
                    yield f"{message.name}.{field.name}: times, and times alone, end in _time"


def undisciplined(files: descriptor_pb2.FileDescriptorSet) -> Iterator[str]:
    """Yield every list without pages and every answer without provenance; monitoring speaks of the service itself."""
    for file in files.file:
        if not file.package.startswith("nerkh.v1"):
            continue
        fields = {message.name: {field.name for field in message.field} for message in file.message_type}
        for service in file.service:
            for method in service.method:
                request, response = fields[f"{method.name}Request"], fields[f"{method.name}Response"]
                if method.name.startswith("List") and not ({"page_size", "page_token"} <= request):
                    yield f"{method.name}Request: page_size, page_token"
                if method.name.startswith("List") and "next_page_token" not in response:
                    yield f"{method.name}Response: next_page_token"
                has_origin = "provenance" in response | fields.get("Price", set())
                if service.name != "MonitoringService" and not has_origin:
                    yield f"{method.name}Response: provenance"


def _set(gen_proto: ModuleType, protos: Path, tmp_path: Path) -> descriptor_pb2.FileDescriptorSet:
    file = tmp_path / "plain.binpb"
    gen_proto.descriptor_set(protos, file)
    return descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes())


def test_names_follow_the_rules(gen_proto: ModuleType, tmp_path: Path) -> None:
    """No field's name holds a preposition or `is_`; times end in `_time`, and nothing else does."""
    assert list(misnamed(_set(gen_proto, ROOT / "proto", tmp_path))) == []


def test_a_preposition_is_seen(gen_proto: ModuleType, tmp_path: Path, spoil: Callable[[str, str, str], Path]) -> None:
    """The rule on names can fail."""
    protos = spoil("types.proto", "Duration reconnect_delay = 2", "Duration reconnect_after = 2")
    assert list(misnamed(_set(gen_proto, protos, tmp_path))) == ["Interruption.reconnect_after: a preposition"]


def test_lists_have_pages_and_answers_provenance(gen_proto: ModuleType, tmp_path: Path) -> None:
    """Every list is paged, and every answer about the world says where it came from."""
    assert list(undisciplined(_set(gen_proto, ROOT / "proto", tmp_path))) == []


def test_a_list_without_pages_is_seen(
    gen_proto: ModuleType, tmp_path: Path, spoil: Callable[[str, str, str], Path]
) -> None:
    """The rule on lists can fail."""
    protos = spoil("onchain.proto", "  string page_token = 2;", "  string token = 2;")
    assert list(undisciplined(_set(gen_proto, protos, tmp_path))) == ["ListChainsRequest: page_size, page_token"]


def test_comments_are_in_the_third_person() -> None:
    """Every comment on an element begins with a verb in the third person."""
    begins = re.compile(r"^\s*// ([A-Z]\w*)")
    for path in sorted((ROOT / "proto" / "nerkh").rglob("*.proto")):
        lines = path.read_text().split('syntax = "proto3"')[1].splitlines()
        for before, line in itertools.pairwise(lines):
            found = begins.match(line)
            if found and not before.lstrip().startswith("//"):
                assert found[1].endswith("s"), f"{path.name}: {line.strip()}"
