"""The one way a fresh value takes out of the engine: it gets its sequence here; store and live subscribe."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from server.model import Answer, Observation, Query, Value

_log = structlog.get_logger()

Receiver = Callable[[Observation], object]
"""Takes an observation without blocking; what it returns is not looked at."""


class Outlet:
    """Numbers observations and hands each to every receiver; a receiver must not block."""

    def __init__(self) -> None:
        self._receivers: tuple[Receiver, ...] = ()
        self._sequence = 0
        self.failures = 0
        """How often a receiver raised; its error is logged and keeps nothing from the others."""

    def publish(self, query: Query, answer: Answer[Value], *, aside: bool = False) -> Observation:
        """Give a value its sequence and hand it out."""
        self._sequence += 1
        observation = Observation(self._sequence, query, answer, aside)
        for receiver in self._receivers:
            try:
                receiver(observation)
            except Exception:  # noqa: BLE001 -- one receiver's fault must not reach the caller or the others
                self.failures += 1
                _log.exception("receiver failed", kind=query.kind.value)
        return observation

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        """Hand every later observation to a receiver; returns what ends that."""
        self._receivers = (*self._receivers, receiver)

        def unsubscribe() -> None:
            self._receivers = tuple(each for each in self._receivers if each is not receiver)

        return unsubscribe
