import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from nerkh.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_STATE_UNSPECIFIED: _ClassVar[SourceState]
    SOURCE_STATE_ACTIVE: _ClassVar[SourceState]
    SOURCE_STATE_DEGRADED: _ClassVar[SourceState]
    SOURCE_STATE_FAILED: _ClassVar[SourceState]
    SOURCE_STATE_BLOCKED: _ClassVar[SourceState]
    SOURCE_STATE_PROXY_NEEDED: _ClassVar[SourceState]
    SOURCE_STATE_DISABLED: _ClassVar[SourceState]
    SOURCE_STATE_SUNSET: _ClassVar[SourceState]

class BreakerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKER_STATE_UNSPECIFIED: _ClassVar[BreakerState]
    BREAKER_STATE_CLOSED: _ClassVar[BreakerState]
    BREAKER_STATE_OPEN: _ClassVar[BreakerState]
    BREAKER_STATE_HALF_OPEN: _ClassVar[BreakerState]

class Tier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_UNSPECIFIED: _ClassVar[Tier]
    TIER_CRITICAL: _ClassVar[Tier]
    TIER_HIGH: _ClassVar[Tier]
    TIER_MEDIUM: _ClassVar[Tier]
    TIER_LOW: _ClassVar[Tier]
    TIER_EMERGENCY: _ClassVar[Tier]

class IncidentCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCIDENT_CAUSE_UNSPECIFIED: _ClassVar[IncidentCause]
    INCIDENT_CAUSE_DOWN: _ClassVar[IncidentCause]
    INCIDENT_CAUSE_BLOCKED: _ClassVar[IncidentCause]
    INCIDENT_CAUSE_SUNSET: _ClassVar[IncidentCause]
    INCIDENT_CAUSE_DISABLED: _ClassVar[IncidentCause]
    INCIDENT_CAUSE_CONTRADICTED: _ClassVar[IncidentCause]

class RoutePlace(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUTE_PLACE_UNSPECIFIED: _ClassVar[RoutePlace]
    ROUTE_PLACE_ASKED: _ClassVar[RoutePlace]
    ROUTE_PLACE_EXCLUDED: _ClassVar[RoutePlace]
    ROUTE_PLACE_UNREACHED: _ClassVar[RoutePlace]
    ROUTE_PLACE_UNCOVERED: _ClassVar[RoutePlace]
SOURCE_STATE_UNSPECIFIED: SourceState
SOURCE_STATE_ACTIVE: SourceState
SOURCE_STATE_DEGRADED: SourceState
SOURCE_STATE_FAILED: SourceState
SOURCE_STATE_BLOCKED: SourceState
SOURCE_STATE_PROXY_NEEDED: SourceState
SOURCE_STATE_DISABLED: SourceState
SOURCE_STATE_SUNSET: SourceState
BREAKER_STATE_UNSPECIFIED: BreakerState
BREAKER_STATE_CLOSED: BreakerState
BREAKER_STATE_OPEN: BreakerState
BREAKER_STATE_HALF_OPEN: BreakerState
TIER_UNSPECIFIED: Tier
TIER_CRITICAL: Tier
TIER_HIGH: Tier
TIER_MEDIUM: Tier
TIER_LOW: Tier
TIER_EMERGENCY: Tier
INCIDENT_CAUSE_UNSPECIFIED: IncidentCause
INCIDENT_CAUSE_DOWN: IncidentCause
INCIDENT_CAUSE_BLOCKED: IncidentCause
INCIDENT_CAUSE_SUNSET: IncidentCause
INCIDENT_CAUSE_DISABLED: IncidentCause
INCIDENT_CAUSE_CONTRADICTED: IncidentCause
ROUTE_PLACE_UNSPECIFIED: RoutePlace
ROUTE_PLACE_ASKED: RoutePlace
ROUTE_PLACE_EXCLUDED: RoutePlace
ROUTE_PLACE_UNREACHED: RoutePlace
ROUTE_PLACE_UNCOVERED: RoutePlace

class StoreStatus(_message.Message):
    __slots__ = ("reachable", "queued_count", "written_count", "refused_count", "failed_count", "last_write_time", "last_error")
    REACHABLE_FIELD_NUMBER: _ClassVar[int]
    QUEUED_COUNT_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_WRITE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    reachable: bool
    queued_count: int
    written_count: int
    refused_count: int
    failed_count: int
    last_write_time: _timestamp_pb2.Timestamp
    last_error: str
    def __init__(self, reachable: bool = ..., queued_count: _Optional[int] = ..., written_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., last_write_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_error: _Optional[str] = ...) -> None: ...

class CacheStatus(_message.Message):
    __slots__ = ("entry_count", "hit_count", "miss_count", "stale_count")
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISS_COUNT_FIELD_NUMBER: _ClassVar[int]
    STALE_COUNT_FIELD_NUMBER: _ClassVar[int]
    entry_count: int
    hit_count: int
    miss_count: int
    stale_count: int
    def __init__(self, entry_count: _Optional[int] = ..., hit_count: _Optional[int] = ..., miss_count: _Optional[int] = ..., stale_count: _Optional[int] = ...) -> None: ...

class SharedStatus(_message.Message):
    __slots__ = ("reachable", "state_start_time", "queued_count", "written_count", "dropped_count", "refused_count", "last_error")
    REACHABLE_FIELD_NUMBER: _ClassVar[int]
    STATE_START_TIME_FIELD_NUMBER: _ClassVar[int]
    QUEUED_COUNT_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    DROPPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    reachable: bool
    state_start_time: _timestamp_pb2.Timestamp
    queued_count: int
    written_count: int
    dropped_count: int
    refused_count: int
    last_error: str
    def __init__(self, reachable: bool = ..., state_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., queued_count: _Optional[int] = ..., written_count: _Optional[int] = ..., dropped_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., last_error: _Optional[str] = ...) -> None: ...

class SourceStateCount(_message.Message):
    __slots__ = ("state", "count")
    STATE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    state: SourceState
    count: int
    def __init__(self, state: _Optional[_Union[SourceState, str]] = ..., count: _Optional[int] = ...) -> None: ...

class ModelStatus(_message.Message):
    __slots__ = ("name", "ready")
    NAME_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    name: str
    ready: bool
    def __init__(self, name: _Optional[str] = ..., ready: bool = ...) -> None: ...

class RequestCounts(_message.Message):
    __slots__ = ("total_count", "failed_count", "active_count")
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    total_count: int
    failed_count: int
    active_count: int
    def __init__(self, total_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., active_count: _Optional[int] = ...) -> None: ...

class StreamCounts(_message.Message):
    __slots__ = ("open_count", "opened_count")
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPENED_COUNT_FIELD_NUMBER: _ClassVar[int]
    open_count: int
    opened_count: int
    def __init__(self, open_count: _Optional[int] = ..., opened_count: _Optional[int] = ...) -> None: ...

class GetSystemStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSystemStatusResponse(_message.Message):
    __slots__ = ("ready", "version", "start_time", "status_time", "simulated", "store", "cache", "sources", "models", "requests", "streams", "provenance", "shared")
    READY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    STATUS_TIME_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    ready: bool
    version: str
    start_time: _timestamp_pb2.Timestamp
    status_time: _timestamp_pb2.Timestamp
    simulated: bool
    store: StoreStatus
    cache: CacheStatus
    sources: _containers.RepeatedCompositeFieldContainer[SourceStateCount]
    models: _containers.RepeatedCompositeFieldContainer[ModelStatus]
    requests: RequestCounts
    streams: StreamCounts
    provenance: _types_pb2.Provenance
    shared: SharedStatus
    def __init__(self, ready: bool = ..., version: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., status_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., simulated: bool = ..., store: _Optional[_Union[StoreStatus, _Mapping]] = ..., cache: _Optional[_Union[CacheStatus, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[SourceStateCount, _Mapping]]] = ..., models: _Optional[_Iterable[_Union[ModelStatus, _Mapping]]] = ..., requests: _Optional[_Union[RequestCounts, _Mapping]] = ..., streams: _Optional[_Union[StreamCounts, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., shared: _Optional[_Union[SharedStatus, _Mapping]] = ...) -> None: ...

class CircuitBreaker(_message.Message):
    __slots__ = ("source", "kind", "state", "consecutive_failure_count", "call_count", "failure_count", "opened_time", "next_probe_time", "trip_count")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_FAILURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPENED_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_PROBE_TIME_FIELD_NUMBER: _ClassVar[int]
    TRIP_COUNT_FIELD_NUMBER: _ClassVar[int]
    source: str
    kind: str
    state: BreakerState
    consecutive_failure_count: int
    call_count: int
    failure_count: int
    opened_time: _timestamp_pb2.Timestamp
    next_probe_time: _timestamp_pb2.Timestamp
    trip_count: int
    def __init__(self, source: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[_Union[BreakerState, str]] = ..., consecutive_failure_count: _Optional[int] = ..., call_count: _Optional[int] = ..., failure_count: _Optional[int] = ..., opened_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_probe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trip_count: _Optional[int] = ...) -> None: ...

class Quota(_message.Message):
    __slots__ = ("key", "egress", "limit", "window", "remaining_count", "remaining_share", "reset_time", "rate_share")
    KEY_FIELD_NUMBER: _ClassVar[int]
    EGRESS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    REMAINING_COUNT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_SHARE_FIELD_NUMBER: _ClassVar[int]
    RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    RATE_SHARE_FIELD_NUMBER: _ClassVar[int]
    key: str
    egress: str
    limit: int
    window: _duration_pb2.Duration
    remaining_count: int
    remaining_share: float
    reset_time: _timestamp_pb2.Timestamp
    rate_share: float
    def __init__(self, key: _Optional[str] = ..., egress: _Optional[str] = ..., limit: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., remaining_count: _Optional[int] = ..., remaining_share: _Optional[float] = ..., reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rate_share: _Optional[float] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("id", "name", "provider", "tier", "category", "state", "kinds", "chains", "circuit_breakers", "call_count", "success_count", "success_ratio", "latency_p50_ms", "latency_p99_ms", "last_success_time", "last_failure_time", "last_outcome", "key_required", "key_present", "attribution", "docs_url", "base_url", "excluded_reason", "quotas", "key_count", "rejected_key_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    CIRCUIT_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_RATIO_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P50_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SUCCESS_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_FAILURE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    KEY_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    KEY_PRESENT_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    DOCS_URL_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_REASON_FIELD_NUMBER: _ClassVar[int]
    QUOTAS_FIELD_NUMBER: _ClassVar[int]
    KEY_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_KEY_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    provider: str
    tier: Tier
    category: str
    state: SourceState
    kinds: _containers.RepeatedScalarFieldContainer[str]
    chains: _containers.RepeatedScalarFieldContainer[str]
    circuit_breakers: _containers.RepeatedCompositeFieldContainer[CircuitBreaker]
    call_count: int
    success_count: int
    success_ratio: float
    latency_p50_ms: float
    latency_p99_ms: float
    last_success_time: _timestamp_pb2.Timestamp
    last_failure_time: _timestamp_pb2.Timestamp
    last_outcome: _types_pb2.Outcome
    key_required: bool
    key_present: bool
    attribution: str
    docs_url: str
    base_url: str
    excluded_reason: str
    quotas: _containers.RepeatedCompositeFieldContainer[Quota]
    key_count: int
    rejected_key_count: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., tier: _Optional[_Union[Tier, str]] = ..., category: _Optional[str] = ..., state: _Optional[_Union[SourceState, str]] = ..., kinds: _Optional[_Iterable[str]] = ..., chains: _Optional[_Iterable[str]] = ..., circuit_breakers: _Optional[_Iterable[_Union[CircuitBreaker, _Mapping]]] = ..., call_count: _Optional[int] = ..., success_count: _Optional[int] = ..., success_ratio: _Optional[float] = ..., latency_p50_ms: _Optional[float] = ..., latency_p99_ms: _Optional[float] = ..., last_success_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_failure_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_outcome: _Optional[_Union[_types_pb2.Outcome, str]] = ..., key_required: bool = ..., key_present: bool = ..., attribution: _Optional[str] = ..., docs_url: _Optional[str] = ..., base_url: _Optional[str] = ..., excluded_reason: _Optional[str] = ..., quotas: _Optional[_Iterable[_Union[Quota, _Mapping]]] = ..., key_count: _Optional[int] = ..., rejected_key_count: _Optional[int] = ...) -> None: ...

class ListSourcesRequest(_message.Message):
    __slots__ = ("state", "kind", "chain", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: SourceState
    kind: str
    chain: str
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[SourceState, str]] = ..., kind: _Optional[str] = ..., chain: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSourcesResponse(_message.Message):
    __slots__ = ("sources", "next_page_token", "provenance")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetSourceRequest(_message.Message):
    __slots__ = ("source",)
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    source: str
    def __init__(self, source: _Optional[str] = ...) -> None: ...

class GetSourceResponse(_message.Message):
    __slots__ = ("source", "provenance")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    source: Source
    provenance: _types_pb2.Provenance
    def __init__(self, source: _Optional[_Union[Source, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class SourceIncident(_message.Message):
    __slots__ = ("source", "cause", "start_time", "end_time", "kind", "reason", "occurrence_count")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OCCURRENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    source: str
    cause: IncidentCause
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    kind: str
    reason: str
    occurrence_count: int
    def __init__(self, source: _Optional[str] = ..., cause: _Optional[_Union[IncidentCause, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., reason: _Optional[str] = ..., occurrence_count: _Optional[int] = ...) -> None: ...

class ListSourceIncidentsRequest(_message.Message):
    __slots__ = ("source", "page_size", "page_token")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    source: str
    page_size: int
    page_token: str
    def __init__(self, source: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSourceIncidentsResponse(_message.Message):
    __slots__ = ("incidents", "next_page_token", "provenance")
    INCIDENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    incidents: _containers.RepeatedCompositeFieldContainer[SourceIncident]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, incidents: _Optional[_Iterable[_Union[SourceIncident, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class RankedSource(_message.Message):
    __slots__ = ("source", "tier", "position", "score", "success_ratio", "latency_p70_ms", "call_count", "excluded_reason")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_RATIO_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P70_MS_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_REASON_FIELD_NUMBER: _ClassVar[int]
    source: str
    tier: Tier
    position: int
    score: float
    success_ratio: float
    latency_p70_ms: float
    call_count: int
    excluded_reason: str
    def __init__(self, source: _Optional[str] = ..., tier: _Optional[_Union[Tier, str]] = ..., position: _Optional[int] = ..., score: _Optional[float] = ..., success_ratio: _Optional[float] = ..., latency_p70_ms: _Optional[float] = ..., call_count: _Optional[int] = ..., excluded_reason: _Optional[str] = ...) -> None: ...

class KindRanking(_message.Message):
    __slots__ = ("kind", "sources", "computed_time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_TIME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    sources: _containers.RepeatedCompositeFieldContainer[RankedSource]
    computed_time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[RankedSource, _Mapping]]] = ..., computed_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetHierarchyRequest(_message.Message):
    __slots__ = ("kind",)
    KIND_FIELD_NUMBER: _ClassVar[int]
    kind: str
    def __init__(self, kind: _Optional[str] = ...) -> None: ...

class GetHierarchyResponse(_message.Message):
    __slots__ = ("rankings", "provenance")
    RANKINGS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    rankings: _containers.RepeatedCompositeFieldContainer[KindRanking]
    provenance: _types_pb2.Provenance
    def __init__(self, rankings: _Optional[_Iterable[_Union[KindRanking, _Mapping]]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ScorePart(_message.Message):
    __slots__ = ("name", "measured", "weight", "penalty")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    name: str
    measured: float
    weight: float
    penalty: float
    def __init__(self, name: _Optional[str] = ..., measured: _Optional[float] = ..., weight: _Optional[float] = ..., penalty: _Optional[float] = ...) -> None: ...

class LastAttempt(_message.Message):
    __slots__ = ("attempt_time", "outcome", "latency_ms", "detail")
    ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    attempt_time: _timestamp_pb2.Timestamp
    outcome: _types_pb2.Outcome
    latency_ms: float
    detail: str
    def __init__(self, attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[_types_pb2.Outcome, str]] = ..., latency_ms: _Optional[float] = ..., detail: _Optional[str] = ...) -> None: ...

class RoutedSource(_message.Message):
    __slots__ = ("source", "tier", "place", "position", "score", "score_parts", "call_count", "state", "circuit_breaker", "excluded_reason", "uncovered_reason", "retry_time", "last_attempt", "sentence")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_PARTS_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CIRCUIT_BREAKER_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_REASON_FIELD_NUMBER: _ClassVar[int]
    UNCOVERED_REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    source: str
    tier: Tier
    place: RoutePlace
    position: int
    score: float
    score_parts: _containers.RepeatedCompositeFieldContainer[ScorePart]
    call_count: int
    state: SourceState
    circuit_breaker: CircuitBreaker
    excluded_reason: str
    uncovered_reason: str
    retry_time: _timestamp_pb2.Timestamp
    last_attempt: LastAttempt
    sentence: str
    def __init__(self, source: _Optional[str] = ..., tier: _Optional[_Union[Tier, str]] = ..., place: _Optional[_Union[RoutePlace, str]] = ..., position: _Optional[int] = ..., score: _Optional[float] = ..., score_parts: _Optional[_Iterable[_Union[ScorePart, _Mapping]]] = ..., call_count: _Optional[int] = ..., state: _Optional[_Union[SourceState, str]] = ..., circuit_breaker: _Optional[_Union[CircuitBreaker, _Mapping]] = ..., excluded_reason: _Optional[str] = ..., uncovered_reason: _Optional[str] = ..., retry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_attempt: _Optional[_Union[LastAttempt, _Mapping]] = ..., sentence: _Optional[str] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("kind", "question", "summary", "sources", "computed_time", "cache_expire_time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_TIME_FIELD_NUMBER: _ClassVar[int]
    CACHE_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    question: str
    summary: str
    sources: _containers.RepeatedCompositeFieldContainer[RoutedSource]
    computed_time: _timestamp_pb2.Timestamp
    cache_expire_time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[str] = ..., question: _Optional[str] = ..., summary: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[RoutedSource, _Mapping]]] = ..., computed_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cache_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainRouteRequest(_message.Message):
    __slots__ = ("kind", "asset", "chain", "quote", "interval")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    kind: str
    asset: str
    chain: str
    quote: str
    interval: str
    def __init__(self, kind: _Optional[str] = ..., asset: _Optional[str] = ..., chain: _Optional[str] = ..., quote: _Optional[str] = ..., interval: _Optional[str] = ...) -> None: ...

class ExplainRouteResponse(_message.Message):
    __slots__ = ("route", "provenance")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    provenance: _types_pb2.Provenance
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ListCircuitBreakersRequest(_message.Message):
    __slots__ = ("source", "kind", "state", "page_size", "page_token")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    source: str
    kind: str
    state: BreakerState
    page_size: int
    page_token: str
    def __init__(self, source: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[_Union[BreakerState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCircuitBreakersResponse(_message.Message):
    __slots__ = ("circuit_breakers", "next_page_token", "provenance")
    CIRCUIT_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    circuit_breakers: _containers.RepeatedCompositeFieldContainer[CircuitBreaker]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, circuit_breakers: _Optional[_Iterable[_Union[CircuitBreaker, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class MethodUsage(_message.Message):
    __slots__ = ("method", "request_count", "ok_count", "refused_count", "failed_count", "cancelled_count", "sourced_count", "cached_count", "fallback_count", "old_count", "success_ratio", "error_ratio", "fallback_ratio", "cache_hit_ratio", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    OK_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SOURCED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CACHED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    OLD_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_RATIO_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATIO_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_RATIO_FIELD_NUMBER: _ClassVar[int]
    CACHE_HIT_RATIO_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P50_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_MS_FIELD_NUMBER: _ClassVar[int]
    method: str
    request_count: int
    ok_count: int
    refused_count: int
    failed_count: int
    cancelled_count: int
    sourced_count: int
    cached_count: int
    fallback_count: int
    old_count: int
    success_ratio: float
    error_ratio: float
    fallback_ratio: float
    cache_hit_ratio: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    def __init__(self, method: _Optional[str] = ..., request_count: _Optional[int] = ..., ok_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., cancelled_count: _Optional[int] = ..., sourced_count: _Optional[int] = ..., cached_count: _Optional[int] = ..., fallback_count: _Optional[int] = ..., old_count: _Optional[int] = ..., success_ratio: _Optional[float] = ..., error_ratio: _Optional[float] = ..., fallback_ratio: _Optional[float] = ..., cache_hit_ratio: _Optional[float] = ..., latency_p50_ms: _Optional[float] = ..., latency_p95_ms: _Optional[float] = ..., latency_p99_ms: _Optional[float] = ...) -> None: ...

class UsageCount(_message.Message):
    __slots__ = ("name", "request_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_count: int
    def __init__(self, name: _Optional[str] = ..., request_count: _Optional[int] = ...) -> None: ...

class UsageWindow(_message.Message):
    __slots__ = ("window", "start_time", "end_time", "total", "methods", "assets", "chains")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    window: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    total: MethodUsage
    methods: _containers.RepeatedCompositeFieldContainer[MethodUsage]
    assets: _containers.RepeatedCompositeFieldContainer[UsageCount]
    chains: _containers.RepeatedCompositeFieldContainer[UsageCount]
    def __init__(self, window: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., total: _Optional[_Union[MethodUsage, _Mapping]] = ..., methods: _Optional[_Iterable[_Union[MethodUsage, _Mapping]]] = ..., assets: _Optional[_Iterable[_Union[UsageCount, _Mapping]]] = ..., chains: _Optional[_Iterable[_Union[UsageCount, _Mapping]]] = ...) -> None: ...

class GetUsageStatsRequest(_message.Message):
    __slots__ = ("windows", "method", "top_count")
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TOP_COUNT_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedScalarFieldContainer[str]
    method: str
    top_count: int
    def __init__(self, windows: _Optional[_Iterable[str]] = ..., method: _Optional[str] = ..., top_count: _Optional[int] = ...) -> None: ...

class GetUsageStatsResponse(_message.Message):
    __slots__ = ("windows", "provenance")
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedCompositeFieldContainer[UsageWindow]
    provenance: _types_pb2.Provenance
    def __init__(self, windows: _Optional[_Iterable[_Union[UsageWindow, _Mapping]]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class RequestRecord(_message.Message):
    __slots__ = ("method", "request_time", "latency_ms", "code", "asset", "chain", "source", "freshness", "fallback")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIME_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    method: str
    request_time: _timestamp_pb2.Timestamp
    latency_ms: float
    code: str
    asset: str
    chain: str
    source: str
    freshness: _types_pb2.Freshness
    fallback: bool
    def __init__(self, method: _Optional[str] = ..., request_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latency_ms: _Optional[float] = ..., code: _Optional[str] = ..., asset: _Optional[str] = ..., chain: _Optional[str] = ..., source: _Optional[str] = ..., freshness: _Optional[_Union[_types_pb2.Freshness, str]] = ..., fallback: bool = ...) -> None: ...

class ListRequestsRequest(_message.Message):
    __slots__ = ("method", "code", "page_size", "page_token")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    method: str
    code: str
    page_size: int
    page_token: str
    def __init__(self, method: _Optional[str] = ..., code: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRequestsResponse(_message.Message):
    __slots__ = ("requests", "next_page_token", "provenance")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RequestRecord]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, requests: _Optional[_Iterable[_Union[RequestRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...
