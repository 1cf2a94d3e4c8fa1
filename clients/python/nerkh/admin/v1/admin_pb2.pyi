import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from nerkh.v1 import monitoring_pb2 as _monitoring_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EgressKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EGRESS_KIND_UNSPECIFIED: _ClassVar[EgressKind]
    EGRESS_KIND_DIRECT: _ClassVar[EgressKind]
    EGRESS_KIND_HTTP: _ClassVar[EgressKind]
    EGRESS_KIND_HTTPS: _ClassVar[EgressKind]
    EGRESS_KIND_SOCKS5: _ClassVar[EgressKind]
    EGRESS_KIND_PUBLIC: _ClassVar[EgressKind]
EGRESS_KIND_UNSPECIFIED: EgressKind
EGRESS_KIND_DIRECT: EgressKind
EGRESS_KIND_HTTP: EgressKind
EGRESS_KIND_HTTPS: EgressKind
EGRESS_KIND_SOCKS5: EgressKind
EGRESS_KIND_PUBLIC: EgressKind

class EnableSourceRequest(_message.Message):
    __slots__ = ("source", "reason")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    source: str
    reason: str
    def __init__(self, source: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EnableSourceResponse(_message.Message):
    __slots__ = ("source", "stored")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    source: _monitoring_pb2.Source
    stored: bool
    def __init__(self, source: _Optional[_Union[_monitoring_pb2.Source, _Mapping]] = ..., stored: bool = ...) -> None: ...

class DisableSourceRequest(_message.Message):
    __slots__ = ("source", "reason")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    source: str
    reason: str
    def __init__(self, source: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DisableSourceResponse(_message.Message):
    __slots__ = ("source", "stored")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    source: _monitoring_pb2.Source
    stored: bool
    def __init__(self, source: _Optional[_Union[_monitoring_pb2.Source, _Mapping]] = ..., stored: bool = ...) -> None: ...

class ResetCircuitBreakerRequest(_message.Message):
    __slots__ = ("source", "kind")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    source: str
    kind: str
    def __init__(self, source: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class ResetCircuitBreakerResponse(_message.Message):
    __slots__ = ("source", "stored")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    source: _monitoring_pb2.Source
    stored: bool
    def __init__(self, source: _Optional[_Union[_monitoring_pb2.Source, _Mapping]] = ..., stored: bool = ...) -> None: ...

class RemoveFailedSourcesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RemoveFailedSourcesResponse(_message.Message):
    __slots__ = ("sources", "stored")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedScalarFieldContainer[str]
    stored: bool
    def __init__(self, sources: _Optional[_Iterable[str]] = ..., stored: bool = ...) -> None: ...

class GetCacheStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class KindCacheStats(_message.Message):
    __slots__ = ("kind", "entry_count", "hit_count", "miss_count", "stale_count", "hit_ratio", "shared_hit_count", "shared_miss_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISS_COUNT_FIELD_NUMBER: _ClassVar[int]
    STALE_COUNT_FIELD_NUMBER: _ClassVar[int]
    HIT_RATIO_FIELD_NUMBER: _ClassVar[int]
    SHARED_HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARED_MISS_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    entry_count: int
    hit_count: int
    miss_count: int
    stale_count: int
    hit_ratio: float
    shared_hit_count: int
    shared_miss_count: int
    def __init__(self, kind: _Optional[str] = ..., entry_count: _Optional[int] = ..., hit_count: _Optional[int] = ..., miss_count: _Optional[int] = ..., stale_count: _Optional[int] = ..., hit_ratio: _Optional[float] = ..., shared_hit_count: _Optional[int] = ..., shared_miss_count: _Optional[int] = ...) -> None: ...

class GetCacheStatsResponse(_message.Message):
    __slots__ = ("entry_count", "kinds", "stats_time")
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    STATS_TIME_FIELD_NUMBER: _ClassVar[int]
    entry_count: int
    kinds: _containers.RepeatedCompositeFieldContainer[KindCacheStats]
    stats_time: _timestamp_pb2.Timestamp
    def __init__(self, entry_count: _Optional[int] = ..., kinds: _Optional[_Iterable[_Union[KindCacheStats, _Mapping]]] = ..., stats_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class InvalidateCacheRequest(_message.Message):
    __slots__ = ("kinds", "assets", "chains", "all")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    assets: _containers.RepeatedScalarFieldContainer[str]
    chains: _containers.RepeatedScalarFieldContainer[str]
    all: bool
    def __init__(self, kinds: _Optional[_Iterable[str]] = ..., assets: _Optional[_Iterable[str]] = ..., chains: _Optional[_Iterable[str]] = ..., all: bool = ...) -> None: ...

class InvalidateCacheResponse(_message.Message):
    __slots__ = ("dropped_count", "told_all")
    DROPPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOLD_ALL_FIELD_NUMBER: _ClassVar[int]
    dropped_count: int
    told_all: bool
    def __init__(self, dropped_count: _Optional[int] = ..., told_all: bool = ...) -> None: ...

class WarmCacheRequest(_message.Message):
    __slots__ = ("assets", "quote")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedScalarFieldContainer[str]
    quote: str
    def __init__(self, assets: _Optional[_Iterable[str]] = ..., quote: _Optional[str] = ...) -> None: ...

class WarmFailure(_message.Message):
    __slots__ = ("asset", "message")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    asset: str
    message: str
    def __init__(self, asset: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class WarmCacheResponse(_message.Message):
    __slots__ = ("assets", "failures")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedScalarFieldContainer[str]
    failures: _containers.RepeatedCompositeFieldContainer[WarmFailure]
    def __init__(self, assets: _Optional[_Iterable[str]] = ..., failures: _Optional[_Iterable[_Union[WarmFailure, _Mapping]]] = ...) -> None: ...

class EgressRoute(_message.Message):
    __slots__ = ("name", "kind", "healthy", "latency_ms", "quarantined_host_count", "quarantine_end_time", "test_time", "test_detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    QUARANTINED_HOST_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_END_TIME_FIELD_NUMBER: _ClassVar[int]
    TEST_TIME_FIELD_NUMBER: _ClassVar[int]
    TEST_DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: EgressKind
    healthy: bool
    latency_ms: float
    quarantined_host_count: int
    quarantine_end_time: _timestamp_pb2.Timestamp
    test_time: _timestamp_pb2.Timestamp
    test_detail: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[EgressKind, str]] = ..., healthy: bool = ..., latency_ms: _Optional[float] = ..., quarantined_host_count: _Optional[int] = ..., quarantine_end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., test_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., test_detail: _Optional[str] = ...) -> None: ...

class ListEgressRoutesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListEgressRoutesResponse(_message.Message):
    __slots__ = ("egress_routes",)
    EGRESS_ROUTES_FIELD_NUMBER: _ClassVar[int]
    egress_routes: _containers.RepeatedCompositeFieldContainer[EgressRoute]
    def __init__(self, egress_routes: _Optional[_Iterable[_Union[EgressRoute, _Mapping]]] = ...) -> None: ...

class TestEgressRouteRequest(_message.Message):
    __slots__ = ("egress_route",)
    EGRESS_ROUTE_FIELD_NUMBER: _ClassVar[int]
    egress_route: str
    def __init__(self, egress_route: _Optional[str] = ...) -> None: ...

class TestEgressRouteResponse(_message.Message):
    __slots__ = ("egress_route",)
    EGRESS_ROUTE_FIELD_NUMBER: _ClassVar[int]
    egress_route: EgressRoute
    def __init__(self, egress_route: _Optional[_Union[EgressRoute, _Mapping]] = ...) -> None: ...
