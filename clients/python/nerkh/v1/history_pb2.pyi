import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from nerkh.v1 import sentiment_pb2 as _sentiment_pb2
from nerkh.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PricePoint(_message.Message):
    __slots__ = ("observation_time", "receive_time", "source", "value", "bid", "ask", "base_volume", "quote_volume", "market_cap", "change_percent", "flagged", "simulated", "raw_value")
    OBSERVATION_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    BASE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    MARKET_CAP_FIELD_NUMBER: _ClassVar[int]
    CHANGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    FLAGGED_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    RAW_VALUE_FIELD_NUMBER: _ClassVar[int]
    observation_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    source: str
    value: str
    bid: str
    ask: str
    base_volume: str
    quote_volume: str
    market_cap: str
    change_percent: str
    flagged: bool
    simulated: bool
    raw_value: str
    def __init__(self, observation_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., value: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., base_volume: _Optional[str] = ..., quote_volume: _Optional[str] = ..., market_cap: _Optional[str] = ..., change_percent: _Optional[str] = ..., flagged: bool = ..., simulated: bool = ..., raw_value: _Optional[str] = ...) -> None: ...

class ListPriceObservationsRequest(_message.Message):
    __slots__ = ("asset", "quote", "source", "start_time", "end_time", "page_size", "page_token")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    asset: str
    quote: str
    source: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, asset: _Optional[str] = ..., quote: _Optional[str] = ..., source: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPriceObservationsResponse(_message.Message):
    __slots__ = ("asset", "symbol", "quote", "points", "gaps", "next_page_token", "provenance", "ambiguous", "candidates")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    quote: str
    points: _containers.RepeatedCompositeFieldContainer[PricePoint]
    gaps: _containers.RepeatedCompositeFieldContainer[_types_pb2.Gap]
    next_page_token: str
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., quote: _Optional[str] = ..., points: _Optional[_Iterable[_Union[PricePoint, _Mapping]]] = ..., gaps: _Optional[_Iterable[_Union[_types_pb2.Gap, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...

class GasPoint(_message.Message):
    __slots__ = ("observation_time", "receive_time", "source", "slow", "standard", "fast", "base_fee", "priority_fee", "block_height", "simulated")
    OBSERVATION_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SLOW_FIELD_NUMBER: _ClassVar[int]
    STANDARD_FIELD_NUMBER: _ClassVar[int]
    FAST_FIELD_NUMBER: _ClassVar[int]
    BASE_FEE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FEE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    observation_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    source: str
    slow: str
    standard: str
    fast: str
    base_fee: str
    priority_fee: str
    block_height: int
    simulated: bool
    def __init__(self, observation_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., slow: _Optional[str] = ..., standard: _Optional[str] = ..., fast: _Optional[str] = ..., base_fee: _Optional[str] = ..., priority_fee: _Optional[str] = ..., block_height: _Optional[int] = ..., simulated: bool = ...) -> None: ...

class ListGasObservationsRequest(_message.Message):
    __slots__ = ("chain", "source", "start_time", "end_time", "page_size", "page_token")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    chain: str
    source: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, chain: _Optional[str] = ..., source: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGasObservationsResponse(_message.Message):
    __slots__ = ("chain", "unit", "points", "gaps", "next_page_token", "provenance")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    chain: str
    unit: str
    points: _containers.RepeatedCompositeFieldContainer[GasPoint]
    gaps: _containers.RepeatedCompositeFieldContainer[_types_pb2.Gap]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, chain: _Optional[str] = ..., unit: _Optional[str] = ..., points: _Optional[_Iterable[_Union[GasPoint, _Mapping]]] = ..., gaps: _Optional[_Iterable[_Union[_types_pb2.Gap, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class SentimentPoint(_message.Message):
    __slots__ = ("observation_time", "receive_time", "source", "fear_greed_index", "classification", "score", "label", "model", "article_count", "simulated")
    OBSERVATION_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FEAR_GREED_INDEX_FIELD_NUMBER: _ClassVar[int]
    CLASSIFICATION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    observation_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    source: str
    fear_greed_index: str
    classification: str
    score: float
    label: _sentiment_pb2.SentimentLabel
    model: str
    article_count: int
    simulated: bool
    def __init__(self, observation_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., fear_greed_index: _Optional[str] = ..., classification: _Optional[str] = ..., score: _Optional[float] = ..., label: _Optional[_Union[_sentiment_pb2.SentimentLabel, str]] = ..., model: _Optional[str] = ..., article_count: _Optional[int] = ..., simulated: bool = ...) -> None: ...

class ListSentimentObservationsRequest(_message.Message):
    __slots__ = ("asset", "source", "start_time", "end_time", "page_size", "page_token")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    asset: str
    source: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, asset: _Optional[str] = ..., source: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSentimentObservationsResponse(_message.Message):
    __slots__ = ("asset", "points", "gaps", "next_page_token", "provenance", "ambiguous", "candidates")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    asset: str
    points: _containers.RepeatedCompositeFieldContainer[SentimentPoint]
    gaps: _containers.RepeatedCompositeFieldContainer[_types_pb2.Gap]
    next_page_token: str
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, asset: _Optional[str] = ..., points: _Optional[_Iterable[_Union[SentimentPoint, _Mapping]]] = ..., gaps: _Optional[_Iterable[_Union[_types_pb2.Gap, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...
