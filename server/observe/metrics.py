"""Prometheus metrics: what is counted, under a budget of labels, and the loopback listener that shows it.

The rpc layer counts calls and streams here; `app` adds gauges that are read from the engine and the store on scrape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock, Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_BESIDE_BUCKETS = 3
"""A histogram's series beside its buckets: the endless one, the count and the sum."""
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value read on scrape. A `counter` only rises; label names and values stand in the same order."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    counter: bool = False


Reading = Callable[[], Iterable[Sample]]

_WAIT_S = 5.0
"""How long a scrape waits for the event loop, in seconds; a figure that it has no time for is left out."""


OTHER = "other"
"""What stands for every label of a series beyond the budget."""


class LabelBudget:
    """Lets only so many series of a metric through, the rest become one: no caller can make series without end."""

    __slots__ = ("_limit", "_seen", "over")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: set[tuple[str, ...]] = set()
        self.over = 0
        """How often a value went to `other`."""

    def __call__(self, *values: str) -> tuple[str, ...]:
        """Return the labels of a series, or `other` for each when it is new and the budget is spent."""
        if values in self._seen:
            return values
        if len(self._seen) >= self._limit:
            self.over += 1
            return (OTHER,) * len(values)
        self._seen.add(values)
        return values


class Tally:
    """Calls since the start; a plain number, because a counter's lock is dear on the quickest path."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Metrics:
    """All metrics of one process, in a registry of their own; `series` is the most of one metric, `other` beside."""

    def __init__(self, series: int = 5000) -> None:
        self.registry = CollectorRegistry()
        self._tallies = _Tallies()
        self.registry.register(self._tallies)  # first: it tells the counters before they are read
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._calls = Counter(
            "nerkh_calls", "Calls by method and status code.", ["method", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "nerkh_call_seconds", "Time of calls in seconds.", ["method"], buckets=BUCKETS_S, registry=self.registry
        )
        self._streams = Gauge("nerkh_streams", "Streams open now.", ["method"], registry=self.registry)
        self._budgets = {
            "nerkh_calls": LabelBudget(series),
            "nerkh_call_seconds": LabelBudget(max(1, series // (len(BUCKETS_S) + _BESIDE_BUCKETS))),
            "nerkh_streams": LabelBudget(series),
        }
        self._readings = _Readings(series, self._budgets)
        self.registry.register(self._readings)

    def count_call(self, method: str, code: str, seconds: float) -> None:
        """Count one finished call."""
        self._calls.labels(*self._budgets["nerkh_calls"](method, code)).inc()
        self._seconds.labels(*self._budgets["nerkh_call_seconds"](method)).observe(seconds)

    def tally(self, method: str) -> Tally:
        """Return a tally of a method's calls that are answered from ready bytes: they count, and are not timed."""
        tally = Tally()
        self._tallies.add(tally, self._calls.labels(*self._budgets["nerkh_calls"](method, "OK")))
        return tally

    def stream(self, method: str, change: int) -> None:
        """Note that a stream opened (1) or ended (-1)."""
        self._streams.labels(*self._budgets["nerkh_streams"](method)).inc(change)

    def read(self, *readings: Reading) -> None:
        """Add functions that are asked for samples on each scrape; they must be quick and not raise.

        They run on the event loop that runs now, if one does: a scrape has a thread of its own, and what they would
        look at there changes on the loop at the same moment.
        """
        for reading in readings:
            self._readings.add(reading, _running_loop())


class _Tallies(Collector):
    """Adds what was tallied to the counters at the beginning of each scrape; shows nothing itself."""

    def __init__(self) -> None:
        self._tallies: list[tuple[Tally, Counter]] = []
        self._told: dict[int, int] = {}
        self._lock = Lock()

    def add(self, tally: Tally, counter: Counter) -> None:
        self._tallies.append((tally, counter))

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        # A scrape runs in a thread of its own: it reads the tallies, their owner alone changes them.
        with self._lock:
            for place, (tally, counter) in enumerate(self._tallies):
                count = tally.count
                counter.inc(count - self._told.get(place, 0))
                self._told[place] = count
        return ()


class _Readings(Collector):
    """Asks the registered readings and folds their samples into families; what is over a budget is one series."""

    def __init__(self, series: int, budgets: dict[str, LabelBudget]) -> None:
        self._limit = series
        self._readings: list[tuple[Reading, asyncio.AbstractEventLoop | None]] = []
        self._budgets = budgets

    def add(self, reading: Reading, loop: asyncio.AbstractEventLoop | None) -> None:
        self._readings.append((reading, loop))

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        families: dict[str, tuple[Sample, dict[tuple[str, ...], float]]] = {}
        for reading, loop in tuple(self._readings):
            for sample in _taken(reading, loop):
                _, values = families.setdefault(sample.name, (sample, {}))
                budget = self._budgets.setdefault(sample.name, LabelBudget(self._limit))
                labels = budget(*(value for _, value in sample.labels))
                values[labels] = values.get(labels, 0.0) + sample.value
        for first, values in families.values():
            yield _family(first, values)
        yield _family(_OVERFLOW, {(name,): budget.over for name, budget in tuple(self._budgets.items())})


_OVERFLOW = Sample(
    "nerkh_metric_overflow", "Values that went to `other`, by metric.", 0.0, (("metric", ""),), counter=True
)


def _family(sample: Sample, values: Mapping[tuple[str, ...], float]) -> Metric:
    """Return the family of a metric that a sample is of."""
    names = [name for name, _ in sample.labels]
    kind = CounterMetricFamily if sample.counter else GaugeMetricFamily
    family = kind(sample.name, sample.help, labels=names)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _taken(reading: Reading, loop: asyncio.AbstractEventLoop | None) -> Iterable[Sample]:
    """Return a reading's samples, taken on its loop; none when the loop is busy or gone."""
    if loop is None or loop is _running_loop():
        return reading()

    async def there() -> tuple[Sample, ...]:
        return tuple(reading())

    work = there()
    try:
        asked = asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:  # the loop was closed
        work.close()
        return ()
    try:
        return asked.result(_WAIT_S)
    except TimeoutError:
        asked.cancel()
        return ()


class Exposition:
    """The HTTP listener that shows the metrics on `/metrics`."""

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        """Listen; raises `OSError` when the address is taken."""
        server, thread = start_http_server(port, addr=host, registry=metrics.registry)
        self._server: WSGIServer = server
        self._thread: Thread = thread
        self.url = f"http://{host}:{server.server_port}/metrics"

    def close(self) -> None:
        """Stop listening and wait for the listener's thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)
