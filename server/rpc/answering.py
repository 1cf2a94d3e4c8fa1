"""What every call goes through, in one straight piece: origin, deadline, decoding, errors, counting, logging.

`rpc/binding` wraps each method in one of the classes here. A chain of grpc interceptors would do the same at several
times the cost a call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar
from datetime import timedelta
from math import inf
from typing import NoReturn

import grpc
import structlog
from google.protobuf.message import Message

from server.clock import Clock
from server.errors import DeadlineTooShort, ShuttingDown
from server.model import Kind, RequestRecord
from server.observe.logs import request_id
from server.observe.metrics import Metrics, Tally
from server.rpc.calls import Call, Context, Dialogue, Stream, Unary
from server.rpc.decode import decode
from server.rpc.memo import Kept, Memo
from server.rpc.origins import REQUEST_ID, Metadata, RequestIds, allowed_s, caller_of, given_id
from server.rpc.slots import OpenStreams, Writes
from server.rpc.status import DETAILS, Refusal, refusal_of, slow_consumer
from server.services.requests import RequestLog
from server.services.usage_slots import FAULTS

log = structlog.get_logger()

call_metadata: ContextVar[Metadata] = ContextVar("call_metadata", default=())
"""What the router saw of the call that runs now: asking grpc again copies it all anew."""

_BESIDE = ("/grpc.health.", "/grpc.reflection.")
"""Services that nobody asks for their own sake: probes and tools call them, so they are no requests of users."""

_TRIED_OUT = frozenset({"ALL_SOURCES_FAILED", "SOURCES_EXHAUSTED"})
_NO_RETRY = ("grpc-retry-pushback-ms", "-1")
"""Every source was tried: a client that asks again at once, as UNAVAILABLE invites it to, would multiply that."""


class Desk:
    """What all methods share: it opens calls, and closes them with counting and logging."""

    def __init__(
        self,
        clock: Clock,
        metrics: Metrics,
        requests: RequestLog,
        streams: OpenStreams,
        *,
        sample: float,
        slow_s: float,
    ) -> None:
        self.clock = clock
        self.metrics = metrics
        self.requests = requests
        self.streams = streams
        self.ids = RequestIds(clock)
        self.draining = False
        self.ready: list[tuple[Kind, Memo, Tally]] = []
        """The ready answers of each method that repeats them, by their kind, and how often they were given."""
        self._sample = sample
        self._slow_s = slow_s

    def open(self, context: Context, path: str, longest_s: float, started: float) -> Call:
        """Return the call of a context, with its request id set for every log line from here on."""
        metadata = call_metadata.get()
        identity = self.ids.of(metadata)
        request_id.set(identity)
        self.requests.active += not path.startswith(_BESIDE)
        caller, loopback = caller_of(metadata, context.peer())
        allowed = allowed_s(metadata, context.time_remaining(), longest_s)
        return Call(identity, caller, loopback, started, started + allowed, monotonic=self.clock.monotonic)

    def close(self, call: Call, path: str, code: str, *, lasting: bool = False) -> RequestRecord:
        """Count a finished call; keep a user's, and log it when it failed, was slow, or is a sample.

        One that is meant to last, a stream, is never slow.
        """
        seconds = self.clock.monotonic() - call.started
        is_user = not path.startswith(_BESIDE)
        self.requests.active -= is_user
        method = path.removeprefix("/")
        self.metrics.count_call(method, code, seconds)
        record = RequestRecord(
            method=method,
            time=self.clock.now() - timedelta(seconds=seconds),
            latency_s=seconds,
            code=code,
            asset=call.asset,
            chain=call.chain,
            source=call.source,
            freshness=call.freshness,
            fallback=call.fallback,
        )
        if is_user:
            self.requests.add(record, timed=not lasting)
        failed = code not in ("OK", "CANCELLED")
        slow = seconds > self._slow_s and not lasting
        if is_user and (failed or slow or self.clock.random() < self._sample):
            write = log.warning if code in FAULTS else log.info
            write(
                "call", method=method, code=code, milliseconds=round(seconds * 1000, 2), source=call.source, slow=slow
            )
        return record

    def forget(self) -> None:
        """Forget every ready answer."""
        for _, memo, _ in self.ready:
            memo.forget()

    def repeated(self) -> dict[Kind, int]:
        """Return how many calls were answered from ready bytes, by kind."""
        counts: Counter[Kind] = Counter()
        for kind, _, tally in self.ready:
            counts[kind] += tally.count
        return dict(counts)

    def refusal(self, error: Exception, call: Call, path: str) -> Refusal:
        """Return how an error is told; one that is not the domain's is logged with its traceback."""
        refusal = refusal_of(error, call.request_id)
        if refusal.code is grpc.StatusCode.INTERNAL:
            log.error("call_broke", method=path.removeprefix("/"), exc_info=error)
        return refusal


async def refuse(context: Context, refusal: Refusal, identity: str) -> NoReturn:
    """End a call with a refusal's status and its details."""
    trailing: tuple[tuple[str, str | bytes], ...] = ((DETAILS, refusal.encoded()), (REQUEST_ID, identity))
    if refusal.reason in _TRIED_OUT:
        trailing = (*trailing, _NO_RETRY)
    try:
        await context.abort(refusal.code, refusal.message, trailing)
    except grpc.aio.InternalError:  # the caller has left: nobody is there to tell
        raise asyncio.CancelledError from None
    raise AssertionError  # abort always raises


class UnaryAnswering:
    """Answers one unary method: from ready bytes when the same request was answered and is still fresh."""

    def __init__(self, method: Unary, desk: Desk) -> None:
        self._method = method
        self._desk = desk
        self._monotonic = desk.clock.monotonic
        self.memo = Memo()
        self._hits = desk.metrics.tally(method.path.removeprefix("/"))
        if method.kept:
            desk.ready.append((method.kept, self.memo, self._hits))

    async def answer(self, data: bytes, context: Context) -> bytes:
        """Return the response's bytes, or end the call with a status."""
        started = self._monotonic()
        kept = self.memo.get(data)
        if kept is not None and started < kept.until:
            if identity := given_id(call_metadata.get()):  # one made here would stand in no log, and a trailer is dear
                context.set_trailing_metadata(((REQUEST_ID, identity),))
            self._desk.requests.repeat(kept.record, started)
            self._hits.count += 1
            return kept.body
        return await self._whole_way(data, context, started)

    async def _whole_way(self, data: bytes, context: Context, started: float) -> bytes:
        method, desk = self._method, self._desk
        call = desk.open(context, method.path, method.longest_s, started)
        code, body = "CANCELLED", b""
        generation = self.memo.generation
        try:
            body = await self._handled(data, call)
            code = "OK"
        except Exception as error:  # noqa: BLE001 -- every error becomes a status here, none is swallowed
            refusal = desk.refusal(error, call, method.path)
            code = refusal.code.name
            await refuse(context, refusal, call.request_id)
        finally:
            record = desk.close(call, method.path, code)
        context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
        if method.kept and call.keep_until > started and generation == self.memo.generation:
            self.memo.keep(data, Kept(call.keep_until, body, record))
        return body

    async def _handled(self, data: bytes, call: Call) -> bytes:
        message = decode(self._method.request, data)
        try:
            async with asyncio.timeout(call.left_s()) as limit:
                reply = await self._method.handler(message, call)
        except TimeoutError:
            if limit.expired():
                raise DeadlineTooShort(self._monotonic() - call.started) from None
            raise
        return reply.SerializeToString()


class StreamAnswering:
    """Answers one streaming method: refuses before the first frame, then hands encoded frames on."""

    def __init__(self, method: Stream, desk: Desk) -> None:
        self._method = method
        self._desk = desk

    async def answer(self, data: bytes, context: Context) -> None:
        """Write frames until the handler ends, the caller goes, or a write stalls."""
        method, desk = self._method, self._desk
        call = desk.open(context, method.path, inf, desk.clock.monotonic())
        name = method.path.removeprefix("/")
        code = "CANCELLED"
        writes: Writes | None = None
        desk.metrics.stream(name, 1)
        try:
            if desk.draining:
                raise ShuttingDown
            message = decode(method.request, data)
            with desk.streams.enter(call.caller, exempt=call.loopback) as writes:
                async with aclosing(method.handler(message, call)) as frames:  # type: ignore[type-var]  # a generator
                    told = False
                    async for frame in frames:
                        with writes:
                            if not told:  # only now: what is refused before the first frame is refused whole
                                await context.send_initial_metadata(((REQUEST_ID, call.request_id),))
                                told = True
                            await context.write(frame)
            code = "OK"
        except asyncio.CancelledError:
            if writes is None or not writes.stalled:
                raise
            # Cancelled by us, and to grpc still open: the status waits behind what the caller has not read.
            code = (refusal := slow_consumer()).code.name
            await refuse(context, refusal, call.request_id)
        except grpc.aio.InternalError:  # a write to a caller who has left: no fault of anyone's
            raise asyncio.CancelledError from None
        except Exception as error:  # noqa: BLE001 -- every error becomes a status here, none is swallowed
            refusal = desk.refusal(error, call, method.path)
            code = refusal.code.name
            await refuse(context, refusal, call.request_id)
        finally:
            desk.metrics.stream(name, -1)
            desk.close(call, method.path, code, lasting=True)


class DialogueAnswering:
    """Answers one two-way method, each request decoded as it comes."""

    def __init__(self, method: Dialogue, desk: Desk) -> None:
        self._method = method
        self._desk = desk

    async def answer(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """Write an answer for each request until the caller is done."""
        method, desk = self._method, self._desk
        call = desk.open(context, method.path, inf, desk.clock.monotonic())
        code = "CANCELLED"
        try:
            async for reply in method.handler(self._decoded(requests), call):
                await context.write(reply.SerializeToString())
            code = "OK"
        except grpc.aio.InternalError:  # as above
            raise asyncio.CancelledError from None
        except Exception as error:  # noqa: BLE001 -- every error becomes a status here, none is swallowed
            refusal = desk.refusal(error, call, method.path)
            code = refusal.code.name
            await refuse(context, refusal, call.request_id)
        finally:
            desk.close(call, method.path, code)

    async def _decoded(self, requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for data in requests:
            yield decode(self._method.request, data)
