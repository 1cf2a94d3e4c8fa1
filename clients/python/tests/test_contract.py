"""The client knows the whole contract: every method, every field, every value of an enum."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Any, get_args, get_origin

import nerkh
import pytest
from google.protobuf.descriptor import Descriptor
from nerkh._methods import METHODS
from nerkh._reader import bare, hints_of, read
from nerkh.admin.v1 import admin_pb2
from nerkh.v1 import history_pb2, market_pb2, monitoring_pb2, news_pb2, onchain_pb2, sentiment_pb2, types_pb2

MODULES = (market_pb2, news_pb2, sentiment_pb2, onchain_pb2, history_pb2, monitoring_pb2, admin_pb2)
SINGLE = {
    # from a response as a whole, or from a part of it and the response beside it
    "PriceBatch": "BatchGetPricesResponse",
    "TextSentiment": "AnalyzeSentimentResponse",
    "ChainState": "GetChainResponse",
    "SystemStatus": "GetSystemStatusResponse",
    "SourceDecision": "DisableSourceResponse",
    "RemovedSources": "RemoveFailedSourcesResponse",
    "CacheStats": "GetCacheStatsResponse",
    "InvalidatedCache": "InvalidateCacheResponse",
    "WarmedCache": "WarmCacheResponse",
    "CandleSeries": "ListCandlesResponse",
    "QuoteSeries": "ListQuotesResponse",
    "PriceSeries": "ListPriceObservationsResponse",
    "GasSeries": "ListGasObservationsResponse",
    "SentimentSeries": "ListSentimentObservationsResponse",
}
FROM_RESPONSE = {"provenance", "ambiguous", "candidates", "cursor", "snapshot", "replayed"}
PAGING = {"items", "next_page_token", "provenance", "candles", "points", "quotes"}


def _descriptor(name: str) -> Descriptor | None:
    for module in (*MODULES, types_pb2):
        found = module.DESCRIPTOR.message_types_by_name.get(SINGLE.get(name, name))
        if found is not None:
            return found
    return None


def _values() -> Sequence[type[Any]]:
    exported = [getattr(nerkh, name) for name in nerkh.__all__]
    return [
        value
        for value in exported
        if getattr(value, "__module__", "").startswith("nerkh._models") and dataclasses.is_dataclass(value)
    ]


def test_every_method_is_in_the_table() -> None:
    """The table names each RPC of the contract once, with its own request and response."""
    known = {method.path: (method.request.DESCRIPTOR, method.response.DESCRIPTOR) for method in METHODS}
    declared = {
        f"/{service.full_name}/{method.name}": (method.input_type, method.output_type)
        for module in MODULES
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert known == declared


@pytest.mark.parametrize("cls", _values(), ids=lambda cls: cls.__name__)
def test_every_field_is_known(cls: type[Any]) -> None:
    """A value has each field of its message, and no field that no message gives it."""
    descriptor = _descriptor(cls.__name__)
    fields = {field.name for field in dataclasses.fields(cls)}
    if cls is nerkh.Hole:
        descriptor = types_pb2.Gap.DESCRIPTOR
        fields -= {"keys"}
    assert descriptor is not None
    given = set(descriptor.fields_by_name)
    assert fields - given <= FROM_RESPONSE
    assert given - fields <= (PAGING if cls.__name__ in SINGLE else set())


@pytest.mark.parametrize("cls", _values(), ids=lambda cls: cls.__name__)
def test_what_may_be_absent_is_none(cls: type[Any]) -> None:
    """A field is `X | None` exactly where the contract can leave it out, but for what is always sent."""
    descriptor = _descriptor(cls.__name__)
    always = {"provenance", "open_time", "published_time", "reading_time", "block_time", "span", "chain", "status"}
    always |= {"observation_time", "receive_time", "request_time", "price"}
    for name, hint in hints_of(cls).items():
        field = descriptor.fields_by_name.get(name) if descriptor else None
        if field is None or get_origin(hint) is tuple or name in always:
            continue
        assert (bare(hint) is not hint) == field.has_presence or name == "source_ids", f"{cls.__name__}.{name}"


def test_every_enum_value_is_known() -> None:
    """An enum has each value of the contract's, by the same name without its prefix."""
    checked = 0
    for module in (*MODULES, types_pb2):
        for name, descriptor in module.DESCRIPTOR.enum_types_by_name.items():
            ours = getattr(nerkh, name, None)
            if ours is None:
                assert name in {"View", "InterruptionReason"}
                continue
            prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
            wanted = {value.name.removeprefix(prefix) for value in descriptor.values}
            if ours is nerkh.PriceOrder:
                wanted -= {"UNSPECIFIED"}
            assert {member.name for member in ours} == wanted
            assert all(member.value in ("", member.name.lower()) for member in ours)
            checked += 1
    assert checked == 14


def test_an_enum_value_of_a_newer_server_is_unspecified() -> None:
    """A value that this version does not know does not break it."""
    attempt = read(nerkh.Attempt, types_pb2.Attempt(source="x", outcome=99))  # type: ignore[arg-type]  # a newer one
    assert attempt.outcome is nerkh.Outcome.UNSPECIFIED


@pytest.mark.parametrize("value", ["", "abc", "NaN", "Infinity"])
def test_what_is_no_decimal_is_refused(value: str) -> None:
    """A decimal that breaks the contract's grammar is an `InvalidAnswer` that names the field."""
    message = types_pb2.Provenance(source="x", confidence=value)
    message.receive_time.GetCurrentTime()
    with pytest.raises(nerkh.InvalidAnswer, match=r"nerkh\.v1\.Provenance\.confidence"):
        read(nerkh.Provenance, message)


def test_what_must_be_there_is_demanded() -> None:
    """A message without a field that the contract always sends is an `InvalidAnswer`."""
    with pytest.raises(nerkh.InvalidAnswer, match="receive_time"):
        read(nerkh.Provenance, types_pb2.Provenance(source="x"))


def test_values_are_frozen_and_annotated() -> None:
    """Every value is a frozen dataclass with slots, every field of it is of the standard library or ours."""
    allowed = (str, int, float, bool, enum.Enum)
    for cls in _values():
        assert cls.__dataclass_params__.frozen
        assert "__slots__" in vars(cls)
        for hint in hints_of(cls).values():
            part = bare(hint)
            part = get_args(part)[0] if get_origin(part) is tuple else part
            is_ours = getattr(part, "__module__", "").startswith(("nerkh._models", "datetime", "decimal"))
            assert is_ours or get_origin(part) is not None or issubclass(part, allowed)
