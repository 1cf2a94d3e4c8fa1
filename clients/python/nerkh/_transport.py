"""The channel, once for asyncio and once for threads: the one place that calls grpc; the clients are made on it."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from nerkh._exceptions import ClientClosed, NerkhError, Unavailable
from nerkh._methods import Method
from nerkh._options import Options, Timeout
from nerkh._status import error_of

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

AsyncChannel = grpc.aio.Channel
AsyncEvent = asyncio.Event
Channel = grpc.Channel
Event = threading.Event


class AsyncTransport:
    """Calls methods from an event loop; the channel is opened by the first call, unless one was given."""

    def __init__(self, options: Options, channel: AsyncChannel | None = None) -> None:
        self.options = options
        self._channel = channel
        self._calls: dict[str, Any] = {}
        self._closed = False
        self._pauses: set[AsyncEvent] = set()
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()

    async def call(self, method: Method[Q, R], request: Q, timeout: Timeout) -> R:  # noqa: ASYNC109  # grpc's own
        """Return the response; raises `NerkhError`."""
        call = self._calls.get(method.path) or self._bind(method)
        options = self.options
        try:
            response: R = await call(request, timeout=options.timeout_s(timeout), metadata=options.call_metadata())
        except grpc.aio.AioRpcError as error:
            raise _error(error, closed=self._closed) from None
        except asyncio.CancelledError:
            if self._closed and not _is_cancelled():
                raise ClientClosed from None
            raise
        return response

    def stream(self, method: Method[Q, R], request: Q, idle_s: float) -> AsyncFrames[R]:
        """Open a stream whose frames are at most `idle_s` seconds apart."""
        call = self._open().unary_stream(
            method.path, request_serializer=method.write, response_deserializer=method.read
        )(request, metadata=self.options.call_metadata())
        self._streams.add(call)
        return AsyncFrames(call, idle_s, lambda: self._closed)

    async def pause(self, seconds: float, end: AsyncEvent) -> None:
        """Wait, until `end` is set at most; closing the transport sets it."""
        if self._closed:
            return
        self._pauses.add(end)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await end.wait()
        finally:
            self._pauses.discard(end)

    async def close(self) -> None:
        """Close the channel; what is in flight ends with `ClientClosed`."""
        self._closed = True
        self._calls.clear()
        for pause in self._pauses:
            pause.set()
        for call in list(self._streams):
            call.cancel()  # closing grpc's channel ends unary calls, and leaves a stream's reader waiting
        if self._channel is not None:
            await self._channel.close()

    def _bind(self, method: Method[Q, R]) -> Any:
        call = self._open().unary_unary(method.path, request_serializer=method.write, response_deserializer=method.read)
        self._calls[method.path] = call
        return call

    def _open(self) -> AsyncChannel:
        if self._closed:
            raise ClientClosed
        if self._channel is None:
            options = self.options
            self._channel = (
                grpc.aio.secure_channel(options.target, options.tls.credentials(), options.channel_options())
                if options.tls
                else grpc.aio.insecure_channel(options.target, options.channel_options())
            )
        return self._channel


class AsyncFrames(Generic[R]):
    """The frames of one open stream."""

    def __init__(self, call: Any, idle_s: float, is_closed: Callable[[], bool]) -> None:
        self._call = call
        self._idle_s = idle_s
        self._is_closed = is_closed
        self._cancelled = False

    async def read(self) -> R | None:
        """Return the next frame, None at the end; raises `NerkhError`, `Unavailable` when none came in time."""
        try:
            async with asyncio.timeout(self._idle_s):
                frame = await self._call.read()
        except TimeoutError:
            raise _mute(self._idle_s) from None
        except grpc.aio.AioRpcError as error:
            raise _error(error, closed=self._is_closed()) from None
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            if self._cancelled:
                return None
            if self._is_closed():
                raise ClientClosed from None
            raise
        return None if frame is grpc.aio.EOF else frame

    def cancel(self) -> None:
        """End the stream; `read` returns None from then on."""
        self._cancelled = True
        self._call.cancel()


class Transport:
    """Calls methods and waits for them; safe to share among threads."""

    def __init__(self, options: Options, channel: Channel | None = None) -> None:
        self.options = options
        self._channel = channel
        self._calls: dict[str, Any] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._pauses: set[Event] = set()

    def call(self, method: Method[Q, R], request: Q, timeout: Timeout) -> R:
        """Return the response; raises `NerkhError`."""
        call = self._calls.get(method.path) or self._bind(method)
        options = self.options
        try:
            response: R = call(request, timeout=options.timeout_s(timeout), metadata=options.call_metadata())
        except grpc.RpcError as error:
            raise _error(error, closed=self._closed) from None
        except ValueError:
            if self._closed:  # in another thread, since `_bind`: grpc refuses to begin
                raise ClientClosed from None
            raise
        return response

    def stream(self, method: Method[Q, R], request: Q, idle_s: float) -> Frames[R]:
        """Open a stream whose frames are at most `idle_s` seconds apart."""
        opened = self._open().unary_stream(
            method.path, request_serializer=method.write, response_deserializer=method.read
        )
        try:
            call = opened(request, metadata=self.options.call_metadata())
        except ValueError:
            if self._closed:  # in another thread, since `_open`
                raise ClientClosed from None
            raise
        return Frames(call, idle_s, lambda: self._closed)

    def pause(self, seconds: float, end: Event) -> None:
        """Wait, until `end` is set at most; closing the transport in another thread sets it."""
        with self._lock:
            self._pauses.add(end)
        try:
            if not self._closed:
                end.wait(seconds)
        finally:
            with self._lock:
                self._pauses.discard(end)

    def close(self) -> None:
        """Close the channel; what is in flight in other threads ends with `ClientClosed`."""
        with self._lock:
            self._closed = True
            self._calls.clear()
            for pause in self._pauses:
                pause.set()
        if self._channel is not None:
            self._channel.close()

    def _bind(self, method: Method[Q, R]) -> Any:
        call = self._open().unary_unary(method.path, request_serializer=method.write, response_deserializer=method.read)
        self._calls[method.path] = call
        return call

    def _open(self) -> Channel:
        with self._lock:
            if self._closed:
                raise ClientClosed
            if self._channel is None:
                options = self.options
                self._channel = (
                    grpc.secure_channel(options.target, options.tls.credentials(), options.channel_options())
                    if options.tls
                    else grpc.insecure_channel(options.target, options.channel_options())
                )
            return self._channel


class Frames(Generic[R]):
    """The frames of one open stream; a thread of its own cancels it when none comes in time."""

    def __init__(self, call: Any, idle_s: float, is_closed: Callable[[], bool]) -> None:
        self._call = call
        self._idle_s = idle_s
        self._is_closed = is_closed
        self._cancelled = False
        self._muted = False
        self._due: float | None = None
        self._done = threading.Event()
        threading.Thread(target=self._watch, name="nerkh-stream-watch", daemon=True).start()

    def read(self) -> R | None:
        """Return the next frame, None at the end; raises `NerkhError`, `Unavailable` when none came in time."""
        self._due = time.monotonic() + self._idle_s
        try:
            frame: R = next(self._call)
        except StopIteration:
            return None
        except grpc.RpcError as error:
            if self._muted:
                raise _mute(self._idle_s) from None
            if self._cancelled:
                return None
            raise _error(error, closed=self._is_closed()) from None
        finally:
            self._due = None
        return frame

    def cancel(self) -> None:
        """End the stream; `read` returns None from then on, also one that waits in another thread."""
        self._cancelled = True
        self._done.set()
        self._call.cancel()

    def _watch(self) -> None:
        while not self._done.wait(self._idle_s / 4):
            due = self._due
            if due is not None and time.monotonic() > due:
                self._muted = True
                self._call.cancel()
                return


def _error(error: Any, *, closed: bool) -> NerkhError:
    """Return what a failed call is; one that ended as the client was closed is that, whatever grpc calls it."""
    if closed and error.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE):
        return ClientClosed()
    return error_of(error.code(), error.details(), error.trailing_metadata())


def _is_cancelled() -> bool:
    """Return whether somebody asked this task to end; grpc tells a call's end by the same exception."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _mute(idle_s: float) -> Unavailable:
    return Unavailable(f"the stream was mute for {idle_s:.0f} s", reason="STREAM_MUTE")
