import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class View(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VIEW_UNSPECIFIED: _ClassVar[View]
    VIEW_BASIC: _ClassVar[View]
    VIEW_FULL: _ClassVar[View]

class Freshness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRESHNESS_UNSPECIFIED: _ClassVar[Freshness]
    FRESHNESS_LIVE: _ClassVar[Freshness]
    FRESHNESS_CACHED: _ClassVar[Freshness]
    FRESHNESS_STALE: _ClassVar[Freshness]
    FRESHNESS_STORED: _ClassVar[Freshness]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_OK: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_DNS: _ClassVar[Outcome]
    OUTCOME_TLS: _ClassVar[Outcome]
    OUTCOME_RESET: _ClassVar[Outcome]
    OUTCOME_TIMEOUT: _ClassVar[Outcome]
    OUTCOME_OVERDUE: _ClassVar[Outcome]
    OUTCOME_SERVER_ERROR: _ClassVar[Outcome]
    OUTCOME_CLIENT_ERROR: _ClassVar[Outcome]
    OUTCOME_HTML: _ClassVar[Outcome]
    OUTCOME_SCHEMA: _ClassVar[Outcome]
    OUTCOME_EMPTY: _ClassVar[Outcome]
    OUTCOME_OUT_OF_BOUNDS: _ClassVar[Outcome]
    OUTCOME_WRONG_ASSET: _ClassVar[Outcome]
    OUTCOME_ERROR_BODY: _ClassVar[Outcome]
    OUTCOME_STALE: _ClassVar[Outcome]
    OUTCOME_TOO_LARGE: _ClassVar[Outcome]
    OUTCOME_THROTTLED: _ClassVar[Outcome]
    OUTCOME_REGION: _ClassVar[Outcome]
    OUTCOME_KEY_REJECTED: _ClassVar[Outcome]
    OUTCOME_UNKNOWN_ASSET: _ClassVar[Outcome]
    OUTCOME_CANCELLED: _ClassVar[Outcome]
    OUTCOME_SKIPPED_OPEN: _ClassVar[Outcome]
    OUTCOME_SKIPPED_QUOTA: _ClassVar[Outcome]
    OUTCOME_SKIPPED_KEY: _ClassVar[Outcome]

class GapCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAP_CAUSE_UNSPECIFIED: _ClassVar[GapCause]
    GAP_CAUSE_RESTART: _ClassVar[GapCause]
    GAP_CAUSE_UPSTREAM: _ClassVar[GapCause]
    GAP_CAUSE_NOT_COLLECTED: _ClassVar[GapCause]
    GAP_CAUSE_STORE: _ClassVar[GapCause]

class StreamKeyStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STREAM_KEY_STATUS_UNSPECIFIED: _ClassVar[StreamKeyStatus]
    STREAM_KEY_STATUS_ACCEPTED: _ClassVar[StreamKeyStatus]
    STREAM_KEY_STATUS_AMBIGUOUS: _ClassVar[StreamKeyStatus]
    STREAM_KEY_STATUS_UNKNOWN: _ClassVar[StreamKeyStatus]
    STREAM_KEY_STATUS_UNSUPPORTED: _ClassVar[StreamKeyStatus]

class InterruptionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERRUPTION_REASON_UNSPECIFIED: _ClassVar[InterruptionReason]
    INTERRUPTION_REASON_SHUTDOWN: _ClassVar[InterruptionReason]
    INTERRUPTION_REASON_SLOW_CONSUMER: _ClassVar[InterruptionReason]
    INTERRUPTION_REASON_SOURCES_UNREACHABLE: _ClassVar[InterruptionReason]
    INTERRUPTION_REASON_GAP: _ClassVar[InterruptionReason]
VIEW_UNSPECIFIED: View
VIEW_BASIC: View
VIEW_FULL: View
FRESHNESS_UNSPECIFIED: Freshness
FRESHNESS_LIVE: Freshness
FRESHNESS_CACHED: Freshness
FRESHNESS_STALE: Freshness
FRESHNESS_STORED: Freshness
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_OK: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_DNS: Outcome
OUTCOME_TLS: Outcome
OUTCOME_RESET: Outcome
OUTCOME_TIMEOUT: Outcome
OUTCOME_OVERDUE: Outcome
OUTCOME_SERVER_ERROR: Outcome
OUTCOME_CLIENT_ERROR: Outcome
OUTCOME_HTML: Outcome
OUTCOME_SCHEMA: Outcome
OUTCOME_EMPTY: Outcome
OUTCOME_OUT_OF_BOUNDS: Outcome
OUTCOME_WRONG_ASSET: Outcome
OUTCOME_ERROR_BODY: Outcome
OUTCOME_STALE: Outcome
OUTCOME_TOO_LARGE: Outcome
OUTCOME_THROTTLED: Outcome
OUTCOME_REGION: Outcome
OUTCOME_KEY_REJECTED: Outcome
OUTCOME_UNKNOWN_ASSET: Outcome
OUTCOME_CANCELLED: Outcome
OUTCOME_SKIPPED_OPEN: Outcome
OUTCOME_SKIPPED_QUOTA: Outcome
OUTCOME_SKIPPED_KEY: Outcome
GAP_CAUSE_UNSPECIFIED: GapCause
GAP_CAUSE_RESTART: GapCause
GAP_CAUSE_UPSTREAM: GapCause
GAP_CAUSE_NOT_COLLECTED: GapCause
GAP_CAUSE_STORE: GapCause
STREAM_KEY_STATUS_UNSPECIFIED: StreamKeyStatus
STREAM_KEY_STATUS_ACCEPTED: StreamKeyStatus
STREAM_KEY_STATUS_AMBIGUOUS: StreamKeyStatus
STREAM_KEY_STATUS_UNKNOWN: StreamKeyStatus
STREAM_KEY_STATUS_UNSUPPORTED: StreamKeyStatus
INTERRUPTION_REASON_UNSPECIFIED: InterruptionReason
INTERRUPTION_REASON_SHUTDOWN: InterruptionReason
INTERRUPTION_REASON_SLOW_CONSUMER: InterruptionReason
INTERRUPTION_REASON_SOURCES_UNREACHABLE: InterruptionReason
INTERRUPTION_REASON_GAP: InterruptionReason

class Attempt(_message.Message):
    __slots__ = ("source", "outcome", "latency_ms", "egress", "detail")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    EGRESS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    source: str
    outcome: Outcome
    latency_ms: float
    egress: str
    detail: str
    def __init__(self, source: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., latency_ms: _Optional[float] = ..., egress: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("agreed", "asked")
    AGREED_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    agreed: int
    asked: int
    def __init__(self, agreed: _Optional[int] = ..., asked: _Optional[int] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("source", "freshness", "source_time", "receive_time", "confidence", "agreement", "simulated", "attempts", "contested")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    CONTESTED_FIELD_NUMBER: _ClassVar[int]
    source: str
    freshness: Freshness
    source_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    confidence: str
    agreement: Agreement
    simulated: bool
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    contested: bool
    def __init__(self, source: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, str]] = ..., source_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., confidence: _Optional[str] = ..., agreement: _Optional[_Union[Agreement, _Mapping]] = ..., simulated: bool = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., contested: bool = ...) -> None: ...

class AssetCandidate(_message.Message):
    __slots__ = ("asset", "symbol", "name", "rank")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    name: str
    rank: int
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., rank: _Optional[int] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("start_time", "end_time", "cause")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    cause: GapCause
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[_Union[GapCause, str]] = ...) -> None: ...

class StreamKey(_message.Message):
    __slots__ = ("key", "id", "status", "suggestions")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    key: str
    id: str
    status: StreamKeyStatus
    suggestions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key: _Optional[str] = ..., id: _Optional[str] = ..., status: _Optional[_Union[StreamKeyStatus, str]] = ..., suggestions: _Optional[_Iterable[str]] = ...) -> None: ...

class StreamPosition(_message.Message):
    __slots__ = ("keys", "heartbeat_interval", "conflation_interval", "resumed")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CONFLATION_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[StreamKey]
    heartbeat_interval: _duration_pb2.Duration
    conflation_interval: _duration_pb2.Duration
    resumed: bool
    def __init__(self, keys: _Optional[_Iterable[_Union[StreamKey, _Mapping]]] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., conflation_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resumed: bool = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("server_time",)
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Interruption(_message.Message):
    __slots__ = ("reason", "reconnect_delay", "gap", "keys")
    REASON_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_DELAY_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    reason: InterruptionReason
    reconnect_delay: _duration_pb2.Duration
    gap: Gap
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, reason: _Optional[_Union[InterruptionReason, str]] = ..., reconnect_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ..., keys: _Optional[_Iterable[str]] = ...) -> None: ...
