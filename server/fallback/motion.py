"""Whether a source's data moves on: tells a source that stands still from a market or a chain that does; for lanes.

A thin coin's last trade may be minutes old where everything else is of this second. Only a source of which nothing
moves on has failed.
"""

from __future__ import annotations

from math import inf

_LET_PASS = 3


class Motion:
    """The newest data that a source gave for a kind, by how old such data may become. Takes the monotonic time."""

    __slots__ = ("_newest", "_passed")

    def __init__(self) -> None:
        self._newest: dict[float, float] = {}
        self._passed = 0
        """How many probes with old data were let pass since anything else was heard."""

    def note(self, longest_s: float, time: float) -> None:
        """Take in data of `time` that may become `longest_s` old."""
        if time > self._newest.get(longest_s, -inf):
            self._newest[longest_s] = time
        self._passed = 0

    def moves(self, longest_s: float, now: float) -> bool:
        """Say whether something of the source is young enough now, by data that may not become older than this."""
        since = now - longest_s
        return any(time > since for longest, time in self._newest.items() if longest <= longest_s)

    def lets_pass(self) -> bool:
        """Let a probe's old data pass, for it may have asked for what is old by itself; not more than three in a row.

        After an outage nothing is young enough to tell by, and the next probe asks for something else.
        """
        self._passed = (self._passed + 1) % (_LET_PASS + 1)
        return self._passed > 0
