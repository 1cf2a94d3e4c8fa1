"""The process that reads strangers' bytes: what it gives back, and what ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from server.apart import Apart, OwnFault
from server.errors import BadAnswer
from server.model import NewsQuery
from server.providers.base import Reply
from server.providers.families.rss import PROVIDER

FEED = (
    b'<rss version="2.0"><channel><title>t</title><item><title>One</title><link>https://a.example/c</link>'
    b"<pubDate>Mon, 06 Jan 2025 00:00:00 GMT</pubDate>%s</item></channel></rss>"
)
GOOD = FEED % b""
NEWLINES = b'<?xml version="1.0"?>' + b"<!-- x -->" + b"\n" * 200_000 + GOOD
AUTHOR = FEED % (b"<author>" + b"a" * 200_000 + b"</author>")
PARSE, SOURCE = PROVIDER.capabilities[0].parse, PROVIDER.sources[0]


@pytest.fixture
async def apart() -> AsyncIterator[Apart]:
    """Return a process that is allowed two seconds a call."""
    made = Apart(longest_s=2)
    yield made
    made.close()


async def read(apart: Apart, body: bytes) -> int:
    """Return how many articles a feed has."""
    found = await apart.call(PARSE, SOURCE, NewsQuery(), (Reply(200, body),))
    return len(found.articles)  # type: ignore[union-attr]  # news are articles


def is_there(pid: int) -> bool:
    """Say whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def ended(pid: int) -> None:
    """Wait until a process is gone; no event tells of one that is not our child."""
    async with asyncio.timeout(10):
        while is_there(pid):  # noqa: ASYNC110 -- as it says above
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("body", [NEWLINES, AUTHOR], ids=["newlines", "author"])
async def test_a_body_that_blows_up_an_expression_is_refused_and_stops_nobody(apart: Apart, body: bytes) -> None:
    """Parsing it would take minutes, in which no thread of its process did anything else."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    assert await read(apart, GOOD) == 1
    ticking = asyncio.create_task(tick())
    with pytest.raises(BadAnswer, match="too long"):
        await read(apart, body)
    ticking.cancel()
    assert ticks > 20
    assert await read(apart, GOOD) == 1


async def test_what_wants_too_much_memory_is_refused(apart: Apart) -> None:
    """A gigabyte is the most; the next call is answered."""
    with pytest.raises(BadAnswer, match="too much memory"):
        await apart.call(bytearray, 2 << 30)
    assert await apart.call(len, b"abc") == 3


async def test_outcomes_come_back_as_they_are(apart: Apart) -> None:
    """A refusal with its reason; any other exception by its class and place, without its text."""
    with pytest.raises(BadAnswer) as refused:
        await read(apart, b"plain text")
    assert (refused.value.reason, refused.value.detail) == ("not_xml", "not a feed")
    with pytest.raises(OwnFault) as fault:
        await apart.call(int, "secret text")
    assert (fault.value.name, "secret" in str(fault.value)) == ("ValueError", False)


async def test_it_knows_nothing_of_the_environment(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are there; whoever takes over a parser finds none."""
    monkeypatch.setenv("NERKH_KEY_ETHERSCAN", "secret")
    assert await apart.call(os.getenv, "NERKH_KEY_ETHERSCAN") is None


async def test_a_process_that_died_is_started_anew(apart: Apart) -> None:
    """Whatever ended it between two calls, the next one is answered."""
    first = await apart.call(os.getpid)
    os.kill(first, signal.SIGKILL)
    await ended(first)
    assert await apart.call(os.getpid) != first


async def test_it_ends_when_it_is_not_used() -> None:
    """Feeds are read now and then; a process that waits for them holds memory for nothing."""
    apart = Apart(idle_s=0.05)
    pid = await apart.call(os.getpid)
    await ended(pid)
    assert await apart.call(os.getpid) != pid
    apart.close()


class AsItIsUnpickled:
    """Is, in the process, what a function returned while the call was being taken in there."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self._made = (function, args)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._made


async def test_the_alarm_is_set_for_the_function_alone(apart: Apart) -> None:
    """Modules are loaded as a call is taken in, which may take long on a busy machine and is nobody's fault."""
    assert await apart.call(tuple, AsItIsUnpickled(signal.getitimer, signal.ITIMER_REAL)) == (0.0, 0.0)
    assert (await apart.call(signal.getitimer, signal.ITIMER_REAL))[0] > 0


async def test_it_is_told_when_a_calls_turn_has_come_and_never_of_one_that_was_given_up(tmp_path: Path) -> None:
    """Calls wait in a row: who gives one up that still waits has to know that it had not begun."""
    pipe, begun = tmp_path / "pipe", asyncio.Event()
    loop, told = asyncio.get_running_loop(), list[str]()
    os.mkfifo(pipe)

    def tell() -> None:
        told.append("first")
        loop.call_soon_threadsafe(begun.set)

    with closing(Apart(longest_s=60)) as apart:
        first = asyncio.create_task(apart.call(Path.read_bytes, pipe, begun=tell))
        await begun.wait()
        waiting = asyncio.create_task(apart.call(len, b"abc", begun=lambda: told.append("given up")))
        third = asyncio.create_task(apart.call(len, b"abcd", begun=lambda: told.append("third")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await asyncio.to_thread(pipe.write_bytes, b"x")  # until then the first one reads
        assert (await first, await third, told) == (b"x", 4, ["first", "third"])
    assert waiting.cancelled()


async def test_what_cannot_be_taken_in_is_a_fault_and_has_not_begun(apart: Apart) -> None:
    """The process says so and lives on."""
    told: list[str] = []
    with pytest.raises(OwnFault) as fault:
        await apart.call(len, AsItIsUnpickled(int, "x"), begun=lambda: told.append("begun"))
    assert (fault.value.name, told) == ("ValueError", [])
    assert await apart.call(len, b"abc", begun=lambda: told.append("begun")) == 3
    assert told == ["begun"]


async def test_closing_refuses_the_call_under_way(apart: Apart) -> None:
    """Nothing waits for a parser at the end."""
    pid = await apart.call(os.getpid)
    call = asyncio.create_task(apart.call(time.sleep, 60))
    await asyncio.sleep(0)
    apart.close()
    with pytest.raises(BadAnswer):
        await call
    await ended(pid)


def test_it_ends_with_the_process_that_started_it() -> None:
    """Even with one that was killed, and so could close nothing."""
    program = (
        "import asyncio, os, time\nfrom server.apart import Apart\n"
        "async def main():\n apart = Apart()\n print(await apart.call(os.getpid), flush=True)\n time.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_there(pid)
        parent.kill()
    asyncio.run(ended(pid))
