"""Generates what is made from proto/: the client's Python modules with stubs, and Envoy's descriptor set.

`scripts/gen_proto` runs it; the tests run it into a folder of their own and compare.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from pathlib import Path

import google.api.annotations_pb2
import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
GENERATOR = "1.75.0"
"""The oldest grpcio-tools of the supported range: its code imports on every newer protobuf as well."""

PACKAGES = ("nerkh/v1", "nerkh/admin/v1")
RELEASED = Path("proto", "released", "nerkh-v1.binpb")
"""The contract as it was last released: what the compatibility test holds every change to."""
RICH_ERRORS = ("google/rpc/error_details.proto", "google/rpc/status.proto")
"""Envoy drops an error's whole body when its set does not describe the details."""


def includes(protos: Path) -> list[str]:
    """Return the include flags: our protos, google/api and google/rpc from their wheel, google/protobuf."""
    wheel = Path(google.api.annotations_pb2.__file__).parents[2]
    bundled = Path(grpc_tools.__file__).parent / "_proto"
    return [f"-I{folder}" for folder in (protos, wheel, bundled)]


def sources(protos: Path) -> list[str]:
    """Return our proto files as they are imported, sorted."""
    return sorted(str(path.relative_to(protos)) for package in PACKAGES for path in (protos / package).glob("*.proto"))


def compile_protos(protos: Path, *flags: str, files: list[str]) -> None:
    """Run protoc; raises `SystemExit` when it fails (it has said why on standard error)."""
    if protoc.main(["protoc", *includes(protos), *flags, *files]) != 0:
        raise SystemExit(1)


def python(protos: Path, out: Path) -> None:
    """Write `*_pb2.py` and `*_pb2.pyi` below `out`, and remove those whose proto is gone."""
    for package in PACKAGES:
        folder = out / package
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*_pb2.py*"):
            stale.unlink()
    compile_protos(protos, f"--python_out={out}", f"--pyi_out={out}", files=sources(protos))


def descriptor_set(protos: Path, file: Path, *, comments: bool = False) -> None:
    """Write one set of all our files and all they import; `comments` keeps what the style check reads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--include_imports", f"--descriptor_set_out={file}"]
    if comments:
        flags.append("--include_source_info")
    compile_protos(protos, *flags, files=[*sources(protos), *RICH_ERRORS])


def main() -> None:
    """Generate everything into its place, or below the folder that `--out` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protos", type=Path, default=ROOT / "proto", help="the folder that holds nerkh/v1")
    parser.add_argument("--out", type=Path, default=ROOT, help="the folder to write below")
    parser.add_argument("--release", action="store_true", help="also make this the contract that must not break")
    options = parser.parse_args()
    installed = importlib.metadata.version("grpcio-tools")
    if installed != GENERATOR:
        sys.exit(f"grpcio-tools is {installed}; install {GENERATOR}, whose code the oldest protobuf can import")
    python(options.protos, options.out / "clients" / "python")
    descriptor_set(options.protos, options.out / "envoy" / "nerkh.binpb")
    if options.release:
        descriptor_set(options.protos, options.out / RELEASED)


if __name__ == "__main__":
    main()
