"""One attempt of a fetch, as its course hands it out; used by races."""

from __future__ import annotations

import asyncio

from server.fallback.breaker import Admission
from server.fallback.lane import Lane
from server.fallback.tried import Tried


class Leg:
    """One attempt of a fetch, and its repeat: run in place, or as a task of its own when it is a hedge."""

    __slots__ = ("admission", "index", "is_repeat", "lane", "started", "task", "tried")

    def __init__(self, index: int, lane: Lane, admission: Admission, now: float) -> None:
        self.index = index
        self.lane = lane
        self.started = now
        self.admission = admission
        self.tried = Tried(lane)
        self.task: asyncio.Task[Tried] | None = None
        self.is_repeat = False

    def again(self, admission: Admission, now: float) -> None:
        """Begin anew, in place; whoever would have ended the attempt before ends this one."""
        self.started = now
        self.admission = admission
        self.tried = Tried(self.lane)
        self.task = None
        self.is_repeat = True
