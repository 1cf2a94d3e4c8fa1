"""Reads an answer's body within a limit, decompressing as it comes; used by the transport."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import aiohttp
from aiohttp import hdrs

from server.fallback.transport_failure import TransportFailure
from server.model import Outcome

_PIECE = 64 * 1024


async def read_body(headers: Mapping[str, str], content: aiohttp.StreamReader, limit: int) -> bytes:
    """Read a body, decompressing piece by piece, so that no more than the limit is ever held.

    Raises `TransportFailure`; the connection is then the caller's to close, for the rest of the body is still to come.
    """
    length = headers.get(hdrs.CONTENT_LENGTH)
    if length is not None and len(length) > 6 and int(length) > limit:
        raise TransportFailure(Outcome.TOO_LARGE, f"{length} bytes announced")
    encoding = headers.get(hdrs.CONTENT_ENCODING)
    if encoding is not None and (coding := encoding.lower()) != "identity":
        return await _inflate(content, coding, limit)
    pieces: list[bytes] = []
    size = 0
    is_last = False
    while not is_last:
        is_last = content.is_eof()  # nothing comes any more: what is there now is the rest
        piece = content.read_nowait() if is_last else await content.readany()
        size += len(piece)
        if size > limit:
            raise TransportFailure(Outcome.TOO_LARGE, f"more than {limit} bytes")
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _inflate(content: aiohttp.StreamReader, encoding: str, limit: int) -> bytes:
    """Decompress gzip or deflate within the limit; raises `TransportFailure` for anything else."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise TransportFailure(Outcome.SCHEMA, "unknown content encoding")
    engine = None
    whole = bytearray()
    try:
        while piece := await content.readany():
            engine = engine or zlib.decompressobj(_window(encoding, piece))
            while piece and not engine.eof:
                whole += engine.decompress(piece, _PIECE)
                piece = engine.unconsumed_tail
                if len(whole) > limit:
                    raise TransportFailure(Outcome.TOO_LARGE, f"more than {limit} bytes")
            if engine.eof and (piece or engine.unused_data):
                raise TransportFailure(Outcome.SCHEMA, "more bytes behind the compressed body")
    except zlib.error as error:
        raise TransportFailure(Outcome.SCHEMA, "broken compression") from error
    if engine is not None and not engine.eof:
        whole += engine.flush()
    if engine is not None and not engine.eof:
        raise TransportFailure(Outcome.RESET, "compressed body cut off")
    return bytes(whole)


def _window(encoding: str, first: bytes) -> int:
    """Return zlib's window argument: `deflate` comes with a zlib header, or raw from servers that leave it out."""
    if encoding == "deflate":
        return zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS
    return 16 + zlib.MAX_WBITS
