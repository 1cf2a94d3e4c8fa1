"""One child: kept up, stopped in order, and gone when the supervisor is, tried with small programs in its place."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.errors import SetupError
from server.supervisor import child as module
from server.supervisor.child import Child, Part, StartFailed
from server.supervisor.parts import until
from server.supervisor.process import Launch

READY = 'print(\'{"ready": true, "pid": %d}\' % os.getpid(), flush=True);'
SERVE = f"import os, signal, sys, time; {READY} signal.pause()"


def part(code: str, **given: Any) -> Part:
    """Return a part that runs `code` and is ready when it has printed its line."""

    async def prepare() -> Launch:
        return Launch((sys.executable, "-c", code), os.environ)

    async def await_ready(child: Child) -> None:
        await child.spoken()

    return Part(**{"name": "stand-in", "prepare": prepare, "await_ready": await_ready, "stop_s": 5.0} | given)


@contextlib.asynccontextmanager
async def kept(made: Part, *, ready: bool = True) -> AsyncIterator[Child]:
    """Keep a child inside the block; it is stopped in the end."""
    child = Child(made)
    task = asyncio.create_task(child.keep())
    try:
        if ready:
            async with asyncio.timeout(10):
                await child.ready.wait()
        yield child
        await child.stop()
        await task
    finally:
        child.kill()
        await asyncio.gather(task, return_exceptions=True)


def over(pid: int) -> bool:
    """Tell whether a process is no more."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


async def soon(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(10):
        await until(condition)


async def test_a_child_that_dies_is_started_again() -> None:
    """A killed child is back within a moment, and what died is said once."""
    with capture_logs() as logs:
        async with kept(part(SERVE)) as child:
            before = child.pid
            os.kill(before, signal.SIGKILL)
            await soon(lambda: child.pid != before and child.ready.is_set())
            assert child.told["pid"] == child.pid
    said = [entry for entry in logs if entry["event"] == "child_died"]
    assert [(entry["child"], entry["status"], entry["again_s"]) for entry in said] == [("stand-in", "SIGKILL", 0.2)]
    assert [entry["event"] for entry in logs if entry["event"] == "child_back"] == ["child_back"]


async def test_the_pauses_grow_and_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that cannot live costs less and less."""
    pauses: list[float] = []
    real = asyncio.sleep

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    async def prepare() -> Launch:
        raise SetupError("no")

    monkeypatch.setattr(module.asyncio, "sleep", note)
    child = Child(part("", prepare=prepare))
    child._was_ready = True
    task = asyncio.create_task(child.keep())
    async with asyncio.timeout(10):
        while len(pauses) < 9:
            await real(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert pauses[:8] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


@pytest.mark.parametrize("status", [2, 69])
async def test_a_child_that_cannot_be_set_up_ends_the_start(status: int) -> None:
    """A bad setting or an unreachable database is not tried again: the child has said why."""
    child = Child(part(f"raise SystemExit({status})"))
    with pytest.raises(StartFailed) as caught:
        await child.keep()
    assert (caught.value.status, str(caught.value)) == (status, "")


async def test_a_system_that_gives_no_file_or_process_is_said_at_the_start_and_borne_later(tmp_path: Path) -> None:
    """At first it is one line with what to do; a child that once served is tried again until it can be had."""
    lost = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "envoy.yaml")
    fails = [lost]

    async def prepare() -> Launch:
        if fails:
            raise fails.pop()
        program = sys.executable if (tmp_path / "program").exists() else "/nowhere"
        return Launch((program, "-c", SERVE), os.environ)

    with pytest.raises(SetupError, match=r"stand-in cannot be started \(no space left .*envoy.yaml\)") as caught:
        await Child(part("", prepare=prepare)).keep()
    assert caught.value.status == 69
    with pytest.raises(SetupError, match=r"no such file or directory: /nowhere"):
        await Child(part("", prepare=prepare)).keep()
    (tmp_path / "program").touch()
    with capture_logs() as logged:
        async with kept(part("", prepare=prepare)) as child:
            fails.append(lost)
            (tmp_path / "program").unlink()
            first = child.pid
            os.kill(first, signal.SIGKILL)
            await soon(lambda: len([each for each in logged if each["event"] == "child_not_started"]) == 2)
            (tmp_path / "program").touch()
            await soon(lambda: child.pid != first and child.ready.is_set())


async def test_a_start_that_fails_again_and_again_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five deaths before the first readiness, and the user is told."""
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    child = Child(part("raise SystemExit(7)"))
    with pytest.raises(StartFailed, match="stand-in ended 5 times before it was ready") as caught:
        await child.keep()
    assert caught.value.status == 1


async def test_a_child_that_does_not_stop_is_ended() -> None:
    """Stopping has an end: after `stop_s` the process is killed."""
    deaf = f"import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY} time.sleep(60)"
    async with kept(part(deaf, stop_s=0.1)) as child:
        pid = child.pid
    await soon(lambda: over(pid))


async def test_stopping_sends_the_parts_own_signal(tmp_path: Path) -> None:
    """Postgres stops fast on SIGINT; a child gets the signal that its part names."""
    heard = tmp_path / "heard"
    code = (
        f"import os, signal, sys; signal.signal(signal.SIGINT, lambda *_: (open({str(heard)!r}, 'w').write('INT'),"
        f"sys.exit(0))); {READY} signal.pause()"
    )
    async with kept(part(code, stop_signal=signal.SIGINT)):
        pass
    assert heard.read_text() == "INT"


async def test_what_a_dead_child_left_running_is_ended() -> None:
    """A child's own children do not outlive it to hold its ports."""
    code = (
        "import os, subprocess, sys, time; p = subprocess.Popen(['sleep', '60']);"
        'print(\'{"ready": true, "left": %d}\' % p.pid, flush=True); time.sleep(60)'
    )
    async with kept(part(code)) as child:
        left = child.told["left"]
        os.kill(child.pid, signal.SIGKILL)
        await soon(lambda: over(left))


async def test_a_child_is_fed_once_what_it_needs_is_there() -> None:
    """The service imports first and reads where the database is when that is up."""
    there = asyncio.Event()

    async def feed() -> str:
        await there.wait()
        return "known\n"

    answer = "json.dumps({'ready': True, 'read': sys.stdin.readline()})"
    code = f"import json, sys; print({answer}, flush=True); sys.stdin.read()"
    async with kept(part(code, feed=feed), ready=False) as child:
        assert not child.ready.is_set()
        there.set()
        async with asyncio.timeout(10):
            await child.ready.wait()
        assert child.told["read"] == "known\n"


async def test_loud_lines_are_logged_and_others_are_not() -> None:
    """Of a chatty child only what matters reaches the log; a line without an end does no harm."""
    code = (
        f"import os, signal, sys; sys.stderr.write('x' * 3000000 + '\\nLOG: quiet\\nFATAL: loud\\n');"
        f"sys.stderr.flush(); {READY} signal.pause()"
    )
    with capture_logs() as logs:
        async with kept(part(code, loud=lambda line: "FATAL" in line)):
            await soon(lambda: any(entry["event"] == "child_says" for entry in logs))
    assert [entry["line"] for entry in logs if entry["event"] == "child_says"] == ["FATAL: loud"]


SUPERVISOR = f"""
import asyncio, os, sys
from server.supervisor.child import Child, Part
from server.supervisor.process import Launch

async def prepare():
    return Launch((sys.executable, "-c", {SERVE!r}), os.environ)

async def await_ready(child):
    await child.spoken()

async def main():
    child = Child(Part("stand-in", prepare, await_ready))
    task = asyncio.create_task(child.keep())
    await child.ready.wait()
    print(child.pid, flush=True)
    await task

asyncio.run(main())
"""


async def test_children_die_with_a_killed_supervisor() -> None:
    """SIGKILL of the supervisor, which can clean up nothing, leaves nothing."""
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", SUPERVISOR, stdout=subprocess.PIPE)
    assert supervisor.stdout
    pid = int(await supervisor.stdout.readline())
    assert not over(pid)
    supervisor.kill()
    await supervisor.wait()
    await soon(lambda: over(pid))
