"""Writes `envoy/lua/http_paths.lua` and `admin_http_paths.lua`, the contract's HTTP paths as Envoy's Lua needs them.

Run by scripts/gen_proto after the descriptor set; `--check` changes nothing and exits with 1 when a file is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2

ENVOY = Path(__file__).resolve().parents[1] / "envoy"
TARGETS = {"nerkh.v1": ENVOY / "lua" / "http_paths.lua", "nerkh.admin.v1": ENVOY / "lua" / "admin_http_paths.lua"}
"""The file of each package: what is not in a listener's file, that listener does not take."""
HEAD = """\
-- The HTTP paths of the contract: method, path, and the query parameters that each takes: true where it may be
-- repeated, a list (its prefix, then its names) where it is an enum, the name of its form where it has one.
-- Written by scripts/gen_http_paths.py; not to be edited.
"""

FORMS = {
    ".google.protobuf.Timestamp": '"time"',
    ".google.protobuf.Duration": '"span"',
    descriptor_pb2.FieldDescriptorProto.TYPE_INT32: '"number"',
}


def messages(files: descriptor_pb2.FileDescriptorSet) -> dict[str, descriptor_pb2.DescriptorProto]:
    """Return the top-level messages by their full names, `.nerkh.v1.GetPriceRequest`."""
    return {f".{file.package}.{message.name}": message for file in files.file for message in file.message_type}


def bindings(options: descriptor_pb2.MethodOptions) -> Iterator[http_pb2.HttpRule]:
    """Yield a method's HTTP rules, the additional ones too."""
    if options.HasExtension(annotations_pb2.http):
        rule = options.Extensions[annotations_pb2.http]
        yield rule
        yield from rule.additional_bindings


def enums(files: descriptor_pb2.FileDescriptorSet) -> dict[str, str]:
    """Return the contract's enums as Lua lists by their full names: the names' prefix, then each name without it."""
    found = {}
    for file in files.file:
        for enum in file.enum_type if file.package in TARGETS else ():
            prefix = enum.value[0].name.removesuffix("UNSPECIFIED")
            names = [prefix, *(value.name.removeprefix(prefix) for value in enum.value[1:])]
            found[f".{file.package}.{enum.name}"] = "{ " + ", ".join(f'"{name}"' for name in names) + " }"
    return found


def line(rule: http_pb2.HttpRule, request: descriptor_pb2.DescriptorProto, lists: dict[str, str]) -> str:
    """Return one row of the table; a parameter stands there in both spellings, `pageSize` and `page_size`."""
    method = str(rule.WhichOneof("pattern"))
    path = getattr(rule, method)
    in_path = set(re.findall(r"{(\w+)", path))
    query = {}
    for field in request.field if rule.body != "*" else ():
        if field.name not in in_path:
            repeated = field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
            taken = FORMS.get(field.type_name or field.type, str(repeated).lower())
            if field.type_name in lists:
                taken = f"enum_{field.type_name.rpartition('.')[2]}"
            query |= {field.json_name: taken, field.name: taken}
    pairs = ", ".join(f"{name} = {taken}" for name, taken in query.items())
    return f'  {{ method = "{method.upper()}", path = "{path}", query = {{ {pairs} }} }},\n'


def table(package: str) -> str:
    """Return the text of a package's file."""
    files = descriptor_pb2.FileDescriptorSet.FromString((ENVOY / "nerkh.binpb").read_bytes())
    known, lists = messages(files), enums(files)
    rows = sorted(
        line(rule, known[method.input_type], lists)
        for file in files.file
        if file.package == package
        for service in file.service
        for method in service.method
        for rule in bindings(method.options)
    )
    used = {name.rpartition(".")[2]: text for name, text in sorted(lists.items())}
    locals_ = [
        f"local enum_{name} = {text}\n" for name, text in used.items() if any(f"enum_{name}" in row for row in rows)
    ]
    return HEAD + "".join(locals_) + "return {\n" + "".join(rows) + "}\n"


if __name__ == "__main__":
    stale = [file for package, file in TARGETS.items() if not file.exists() or file.read_text() != table(package)]
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale: {', '.join(file.name for file in stale)}; run scripts/gen_proto" if stale else 0)
    for package, file in TARGETS.items():
        file.write_text(table(package), encoding="utf-8")
