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

class SentimentLabel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SENTIMENT_LABEL_UNSPECIFIED: _ClassVar[SentimentLabel]
    SENTIMENT_LABEL_NEGATIVE: _ClassVar[SentimentLabel]
    SENTIMENT_LABEL_NEUTRAL: _ClassVar[SentimentLabel]
    SENTIMENT_LABEL_POSITIVE: _ClassVar[SentimentLabel]
SENTIMENT_LABEL_UNSPECIFIED: SentimentLabel
SENTIMENT_LABEL_NEGATIVE: SentimentLabel
SENTIMENT_LABEL_NEUTRAL: SentimentLabel
SENTIMENT_LABEL_POSITIVE: SentimentLabel

class FearGreedReading(_message.Message):
    __slots__ = ("value", "classification", "reading_time")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CLASSIFICATION_FIELD_NUMBER: _ClassVar[int]
    READING_TIME_FIELD_NUMBER: _ClassVar[int]
    value: str
    classification: str
    reading_time: _timestamp_pb2.Timestamp
    def __init__(self, value: _Optional[str] = ..., classification: _Optional[str] = ..., reading_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Sentiment(_message.Message):
    __slots__ = ("asset", "score", "label", "model", "article_count", "positive_count", "neutral_count", "negative_count", "fear_greed_index", "start_time", "end_time")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEAR_GREED_INDEX_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    asset: str
    score: float
    label: SentimentLabel
    model: str
    article_count: int
    positive_count: int
    neutral_count: int
    negative_count: int
    fear_greed_index: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, asset: _Optional[str] = ..., score: _Optional[float] = ..., label: _Optional[_Union[SentimentLabel, str]] = ..., model: _Optional[str] = ..., article_count: _Optional[int] = ..., positive_count: _Optional[int] = ..., neutral_count: _Optional[int] = ..., negative_count: _Optional[int] = ..., fear_greed_index: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetFearGreedIndexRequest(_message.Message):
    __slots__ = ("view",)
    VIEW_FIELD_NUMBER: _ClassVar[int]
    view: _types_pb2.View
    def __init__(self, view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetFearGreedIndexResponse(_message.Message):
    __slots__ = ("reading", "provenance")
    READING_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    reading: FearGreedReading
    provenance: _types_pb2.Provenance
    def __init__(self, reading: _Optional[_Union[FearGreedReading, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ListFearGreedReadingsRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "page_size", "page_token", "view")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListFearGreedReadingsResponse(_message.Message):
    __slots__ = ("readings", "next_page_token", "provenance")
    READINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    readings: _containers.RepeatedCompositeFieldContainer[FearGreedReading]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, readings: _Optional[_Iterable[_Union[FearGreedReading, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetMarketSentimentRequest(_message.Message):
    __slots__ = ("window", "view")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    window: _duration_pb2.Duration
    view: _types_pb2.View
    def __init__(self, window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetMarketSentimentResponse(_message.Message):
    __slots__ = ("sentiment", "provenance")
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    sentiment: Sentiment
    provenance: _types_pb2.Provenance
    def __init__(self, sentiment: _Optional[_Union[Sentiment, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetAssetSentimentRequest(_message.Message):
    __slots__ = ("asset", "window", "view")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    asset: str
    window: _duration_pb2.Duration
    view: _types_pb2.View
    def __init__(self, asset: _Optional[str] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetAssetSentimentResponse(_message.Message):
    __slots__ = ("sentiment", "ambiguous", "candidates", "provenance")
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    sentiment: Sentiment
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    provenance: _types_pb2.Provenance
    def __init__(self, sentiment: _Optional[_Union[Sentiment, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class AnalyzeSentimentRequest(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class AnalyzeSentimentResponse(_message.Message):
    __slots__ = ("score", "label", "model", "provenance")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    score: float
    label: SentimentLabel
    model: str
    provenance: _types_pb2.Provenance
    def __init__(self, score: _Optional[float] = ..., label: _Optional[_Union[SentimentLabel, str]] = ..., model: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...
