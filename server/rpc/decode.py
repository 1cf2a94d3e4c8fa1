"""Request bytes to messages, inside the handler: what is malformed is the caller's fault and says so."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import empty_pb2, unknown_fields
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from server.errors import InvalidField

LARGEST = 64 * 1024
"""Most bytes of one request."""

M = TypeVar("M", bound=Message)


def decode(kind: type[M], data: bytes) -> M:
    """Return the message of a request's bytes; raises `InvalidField` when it is too large or malformed."""
    if len(data) > LARGEST:
        raise InvalidField("request", f"{len(data)} bytes", f"at most {LARGEST} bytes")
    try:
        return kind.FromString(data)
    except DecodeError:
        field = _not_utf8(kind, data)
        if field:
            raise InvalidField(field, "bytes that are no text", "UTF-8 text") from None
        raise InvalidField("request", f"{len(data)} bytes", f"a well-formed {kind.DESCRIPTOR.full_name}") from None


def _not_utf8(kind: type[Message], data: bytes) -> str:
    """Return the name of the first text field that is not UTF-8, empty when the bytes are malformed otherwise."""
    try:
        fields = unknown_fields.UnknownFieldSet(empty_pb2.Empty.FromString(data))
    except DecodeError:
        return ""
    for found in fields:  # type: ignore[attr-defined]  # it iterates, its stub does not say so
        field = kind.DESCRIPTOR.fields_by_number.get(found.field_number)
        if field is None or field.type != FieldDescriptor.TYPE_STRING or not isinstance(found.data, bytes):
            continue
        try:
            found.data.decode()
        except UnicodeDecodeError:
            return str(field.name)
    return ""
