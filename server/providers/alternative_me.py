"""alternative.me: the Fear & Greed index of the crypto market, one reading a day at 00:00 UTC."""

from __future__ import annotations

from server.errors import BadAnswer
from server.model import FearGreed, FearGreedQuery, FearGreedReading
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier, always
from server.providers.decode import decimal_of, dict_at, dict_of, json_of, list_at, optional_int, text_of, time_s
from server.providers.onchain import capability_of
from server.providers.rows import Reading


def readings(reply: Reply) -> tuple[Reading, ...]:
    """Read the index, newest first. The source states its errors in the metadata."""
    body = dict_of(json_of(reply))
    if body.get("metadata") is not None and dict_at(body, "metadata").get("error") is not None:
        raise BadAnswer("error_body", "metadata.error")
    if reply.status >= 400:
        raise BadAnswer("error_body", f"status {reply.status}")
    rows = tuple(_reading(dict_of(row, "reading")) for row in list_at(body, "data"))
    return tuple(sorted(rows, key=lambda row: row.time, reverse=True))


def _reading(row: dict[str, object]) -> Reading:
    value = decimal_of(row.get("value"), "value")
    if not 0 <= value <= 100:
        raise BadAnswer("out_of_bounds", "value: not between 0 and 100")
    return Reading(
        value,
        text_of(row.get("value_classification"), "value_classification", 40),
        time_s(row.get("timestamp"), "timestamp"),
        optional_int(row.get("time_until_update"), "time_until_update"),
    )


def build(_source: Source, query: FearGreedQuery) -> tuple[Request, ...]:
    """Ask for the newest readings; a limit of 0 would be the whole history."""
    return (Request("/fng/", (("limit", str(max(query.limit, 1))), ("format", "json"))),)


def parse(_source: Source, query: FearGreedQuery, replies: tuple[Reply, ...]) -> FearGreed:
    """Return the readings, each time once."""
    once = {row.time: FearGreedReading(row.value, row.classification, row.time) for row in readings(replies[0])}
    if not once:
        raise BadAnswer("empty", "no reading")
    newest = tuple(once.values())[: max(query.limit, 1)]
    return FearGreed(newest, newest[0].time)


PROVIDER = Provider(
    "alternative_me",
    capabilities=(capability_of(FearGreedQuery, build, parse, always),),
    sources=(
        Source(
            "alternative_me",
            "alternative.me",
            "alternative_me",
            "https://api.alternative.me",
            Tier.CRITICAL,
            "sentiment",
            limits=(Limit(60, 60),),
            attribution="Fear & Greed Index by alternative.me",
            terms_url="https://alternative.me/crypto/fear-and-greed-index/#api",
            docs_url="https://alternative.me/crypto/fear-and-greed-index/#api",
        ),
    ),
    recorded_as=("alternativeme",),
    recorded=(Recorded(readings, r"/fng/?"),),
)
