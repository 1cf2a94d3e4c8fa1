"""Server reflection, v1 and v1alpha, for grpcurl and its like; bound by `app` on both listeners.

grpcio-reflection gives v1alpha; v1 has the same messages under another package name, so one servicer answers both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from google.protobuf.message import Message
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from server.rpc.calls import Call, Dialogue, Method

VERSIONS = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
SERVICES = tuple(f"{version}.ServerReflection" for version in VERSIONS)


def reflection_methods(services: Iterable[str]) -> tuple[Method, ...]:
    """Return the reflection methods that tell of the given services and of themselves."""
    _describe_v1()
    servicer = ReflectionServicer((*services, *SERVICES))

    def answer(requests: AsyncIterator[Message], _call: Call) -> AsyncIterator[Message]:
        return servicer.ServerReflectionInfo(_sane(requests), None)  # type: ignore[no-any-return]  # it comes untyped

    kind = reflection_pb2.ServerReflectionRequest
    return tuple(Dialogue(f"/{service}/ServerReflectionInfo", kind, answer) for service in SERVICES)


async def _sane(requests: AsyncIterator[Any]) -> AsyncIterator[Message]:
    """Turn what the packaged servicer breaks on into what it answers as not found."""
    async for request in requests:
        name = request.file_containing_extension.containing_type or request.all_extension_numbers_of_type
        if name and not _is_message(name):
            yield reflection_pb2.ServerReflectionRequest(host=request.host, file_by_filename=name)
        else:
            yield request


def _is_message(name: str) -> bool:
    try:
        descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError:
        return False
    return True


def _describe_v1() -> None:
    """Add the v1 file to the pool, the v1alpha one under its other name, so that v1 can be described too."""
    pool = descriptor_pool.Default()
    path = "grpc/reflection/v1/reflection.proto"
    try:
        pool.FindFileByName(path)
    except KeyError:
        alpha = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
        text = text_format.MessageToString(alpha).replace("reflection.v1alpha", "reflection.v1")
        made = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
        made.name = path
        pool.Add(made)
