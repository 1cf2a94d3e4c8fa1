import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from nerkh.v1 import monitoring_pb2 as _monitoring_pb2
from nerkh.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PriceOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRICE_ORDER_UNSPECIFIED: _ClassVar[PriceOrder]
    PRICE_ORDER_MARKET_CAP: _ClassVar[PriceOrder]
    PRICE_ORDER_GAINERS: _ClassVar[PriceOrder]
    PRICE_ORDER_LOSERS: _ClassVar[PriceOrder]
PRICE_ORDER_UNSPECIFIED: PriceOrder
PRICE_ORDER_MARKET_CAP: PriceOrder
PRICE_ORDER_GAINERS: PriceOrder
PRICE_ORDER_LOSERS: PriceOrder

class Outlier(_message.Message):
    __slots__ = ("source", "value", "reason")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    source: str
    value: str
    reason: str
    def __init__(self, source: _Optional[str] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("asset", "symbol", "name", "quote", "value", "bid", "ask", "open", "high", "low", "change", "change_percent", "base_volume", "quote_volume", "market_cap", "rank", "native_quote", "native_value", "confidence", "agreement", "flagged", "ambiguous", "candidates", "provenance", "raw_value", "outliers")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    BASE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    MARKET_CAP_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    NATIVE_QUOTE_FIELD_NUMBER: _ClassVar[int]
    NATIVE_VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FLAGGED_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    RAW_VALUE_FIELD_NUMBER: _ClassVar[int]
    OUTLIERS_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    name: str
    quote: str
    value: str
    bid: str
    ask: str
    open: str
    high: str
    low: str
    change: str
    change_percent: str
    base_volume: str
    quote_volume: str
    market_cap: str
    rank: int
    native_quote: str
    native_value: str
    confidence: str
    agreement: _types_pb2.Agreement
    flagged: bool
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    provenance: _types_pb2.Provenance
    raw_value: str
    outliers: _containers.RepeatedCompositeFieldContainer[Outlier]
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., quote: _Optional[str] = ..., value: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., open: _Optional[str] = ..., high: _Optional[str] = ..., low: _Optional[str] = ..., change: _Optional[str] = ..., change_percent: _Optional[str] = ..., base_volume: _Optional[str] = ..., quote_volume: _Optional[str] = ..., market_cap: _Optional[str] = ..., rank: _Optional[int] = ..., native_quote: _Optional[str] = ..., native_value: _Optional[str] = ..., confidence: _Optional[str] = ..., agreement: _Optional[_Union[_types_pb2.Agreement, _Mapping]] = ..., flagged: bool = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., raw_value: _Optional[str] = ..., outliers: _Optional[_Iterable[_Union[Outlier, _Mapping]]] = ...) -> None: ...

class GetPriceRequest(_message.Message):
    __slots__ = ("asset", "quote", "view")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    asset: str
    quote: str
    view: _types_pb2.View
    def __init__(self, asset: _Optional[str] = ..., quote: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetPriceResponse(_message.Message):
    __slots__ = ("price",)
    PRICE_FIELD_NUMBER: _ClassVar[int]
    price: Price
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class BatchGetPricesRequest(_message.Message):
    __slots__ = ("assets", "quote", "view")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedScalarFieldContainer[str]
    quote: str
    view: _types_pb2.View
    def __init__(self, assets: _Optional[_Iterable[str]] = ..., quote: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class PriceFailure(_message.Message):
    __slots__ = ("asset", "reason", "message", "suggestions", "attempts")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    asset: str
    reason: str
    message: str
    suggestions: _containers.RepeatedScalarFieldContainer[str]
    attempts: _containers.RepeatedCompositeFieldContainer[_types_pb2.Attempt]
    def __init__(self, asset: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., suggestions: _Optional[_Iterable[str]] = ..., attempts: _Optional[_Iterable[_Union[_types_pb2.Attempt, _Mapping]]] = ...) -> None: ...

class BatchGetPricesResponse(_message.Message):
    __slots__ = ("prices", "failures")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    failures: _containers.RepeatedCompositeFieldContainer[PriceFailure]
    def __init__(self, prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ..., failures: _Optional[_Iterable[_Union[PriceFailure, _Mapping]]] = ...) -> None: ...

class ListPricesRequest(_message.Message):
    __slots__ = ("quote", "order_by", "page_size", "page_token", "view")
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    quote: str
    order_by: PriceOrder
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, quote: _Optional[str] = ..., order_by: _Optional[_Union[PriceOrder, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListPricesResponse(_message.Message):
    __slots__ = ("prices", "next_page_token", "provenance")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ListQuotesRequest(_message.Message):
    __slots__ = ("asset", "quote", "page_size", "page_token", "view")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    asset: str
    quote: str
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, asset: _Optional[str] = ..., quote: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("source", "tier", "value", "native_quote", "native_value", "bid", "ask", "source_time", "receive_time", "outlier", "outlier_reason")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    NATIVE_QUOTE_FIELD_NUMBER: _ClassVar[int]
    NATIVE_VALUE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTLIER_FIELD_NUMBER: _ClassVar[int]
    OUTLIER_REASON_FIELD_NUMBER: _ClassVar[int]
    source: str
    tier: _monitoring_pb2.Tier
    value: str
    native_quote: str
    native_value: str
    bid: str
    ask: str
    source_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    outlier: bool
    outlier_reason: str
    def __init__(self, source: _Optional[str] = ..., tier: _Optional[_Union[_monitoring_pb2.Tier, str]] = ..., value: _Optional[str] = ..., native_quote: _Optional[str] = ..., native_value: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., source_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outlier: bool = ..., outlier_reason: _Optional[str] = ...) -> None: ...

class ListQuotesResponse(_message.Message):
    __slots__ = ("asset", "symbol", "quote", "quotes", "next_page_token", "value", "confidence", "agreement", "provenance", "ambiguous", "candidates")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    quote: str
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    next_page_token: str
    value: str
    confidence: str
    agreement: _types_pb2.Agreement
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., quote: _Optional[str] = ..., quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., value: _Optional[str] = ..., confidence: _Optional[str] = ..., agreement: _Optional[_Union[_types_pb2.Agreement, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...

class StreamPricesRequest(_message.Message):
    __slots__ = ("assets", "quote", "conflation_interval", "heartbeat_interval", "cursor")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    CONFLATION_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedScalarFieldContainer[str]
    quote: str
    conflation_interval: _duration_pb2.Duration
    heartbeat_interval: _duration_pb2.Duration
    cursor: str
    def __init__(self, assets: _Optional[_Iterable[str]] = ..., quote: _Optional[str] = ..., conflation_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class PriceUpdate(_message.Message):
    __slots__ = ("price", "sequence", "conflated_count")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CONFLATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    price: Price
    sequence: int
    conflated_count: int
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ..., sequence: _Optional[int] = ..., conflated_count: _Optional[int] = ...) -> None: ...

class PriceBatch(_message.Message):
    __slots__ = ("updates", "snapshot", "replayed")
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    updates: _containers.RepeatedCompositeFieldContainer[PriceUpdate]
    snapshot: bool
    replayed: bool
    def __init__(self, updates: _Optional[_Iterable[_Union[PriceUpdate, _Mapping]]] = ..., snapshot: bool = ..., replayed: bool = ...) -> None: ...

class StreamPricesResponse(_message.Message):
    __slots__ = ("cursor", "batch", "heartbeat", "interruption", "position")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    batch: PriceBatch
    heartbeat: _types_pb2.Heartbeat
    interruption: _types_pb2.Interruption
    position: _types_pb2.StreamPosition
    def __init__(self, cursor: _Optional[str] = ..., batch: _Optional[_Union[PriceBatch, _Mapping]] = ..., heartbeat: _Optional[_Union[_types_pb2.Heartbeat, _Mapping]] = ..., interruption: _Optional[_Union[_types_pb2.Interruption, _Mapping]] = ..., position: _Optional[_Union[_types_pb2.StreamPosition, _Mapping]] = ...) -> None: ...

class Candle(_message.Message):
    __slots__ = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trade_count")
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    open_time: _timestamp_pb2.Timestamp
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    trade_count: int
    def __init__(self, open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open: _Optional[str] = ..., high: _Optional[str] = ..., low: _Optional[str] = ..., close: _Optional[str] = ..., volume: _Optional[str] = ..., quote_volume: _Optional[str] = ..., trade_count: _Optional[int] = ...) -> None: ...

class ListCandlesRequest(_message.Message):
    __slots__ = ("asset", "interval", "quote", "start_time", "end_time", "page_size", "page_token", "view")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    asset: str
    interval: str
    quote: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, asset: _Optional[str] = ..., interval: _Optional[str] = ..., quote: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListCandlesResponse(_message.Message):
    __slots__ = ("asset", "symbol", "quote", "interval", "candles", "next_page_token", "provenance", "ambiguous", "candidates")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CANDLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    quote: str
    interval: str
    candles: _containers.RepeatedCompositeFieldContainer[Candle]
    next_page_token: str
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., quote: _Optional[str] = ..., interval: _Optional[str] = ..., candles: _Optional[_Iterable[_Union[Candle, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...

class CandleInterval(_message.Message):
    __slots__ = ("interval", "span", "sources")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    interval: str
    span: _duration_pb2.Duration
    sources: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, interval: _Optional[str] = ..., span: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., sources: _Optional[_Iterable[str]] = ...) -> None: ...

class ListIntervalsRequest(_message.Message):
    __slots__ = ("asset", "quote", "page_size", "page_token")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    asset: str
    quote: str
    page_size: int
    page_token: str
    def __init__(self, asset: _Optional[str] = ..., quote: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListIntervalsResponse(_message.Message):
    __slots__ = ("asset", "intervals", "next_page_token", "provenance", "ambiguous", "candidates")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    asset: str
    intervals: _containers.RepeatedCompositeFieldContainer[CandleInterval]
    next_page_token: str
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, asset: _Optional[str] = ..., intervals: _Optional[_Iterable[_Union[CandleInterval, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...

class Contract(_message.Message):
    __slots__ = ("chain", "address", "decimals", "caip19")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    CAIP19_FIELD_NUMBER: _ClassVar[int]
    chain: str
    address: str
    decimals: int
    caip19: str
    def __init__(self, chain: _Optional[str] = ..., address: _Optional[str] = ..., decimals: _Optional[int] = ..., caip19: _Optional[str] = ...) -> None: ...

class Asset(_message.Message):
    __slots__ = ("id", "symbol", "name", "rank", "aliases", "contracts", "source_ids")
    class SourceIdsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_IDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    symbol: str
    name: str
    rank: int
    aliases: _containers.RepeatedScalarFieldContainer[str]
    contracts: _containers.RepeatedCompositeFieldContainer[Contract]
    source_ids: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., rank: _Optional[int] = ..., aliases: _Optional[_Iterable[str]] = ..., contracts: _Optional[_Iterable[_Union[Contract, _Mapping]]] = ..., source_ids: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ListAssetsRequest(_message.Message):
    __slots__ = ("search", "chain", "page_size", "page_token")
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    search: str
    chain: str
    page_size: int
    page_token: str
    def __init__(self, search: _Optional[str] = ..., chain: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAssetsResponse(_message.Message):
    __slots__ = ("assets", "next_page_token", "provenance")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedCompositeFieldContainer[Asset]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, assets: _Optional[_Iterable[_Union[Asset, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetAssetRequest(_message.Message):
    __slots__ = ("asset",)
    ASSET_FIELD_NUMBER: _ClassVar[int]
    asset: str
    def __init__(self, asset: _Optional[str] = ...) -> None: ...

class GetAssetResponse(_message.Message):
    __slots__ = ("asset", "ambiguous", "candidates", "provenance")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    asset: Asset
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    provenance: _types_pb2.Provenance
    def __init__(self, asset: _Optional[_Union[Asset, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class MarketOverview(_message.Message):
    __slots__ = ("total_market_cap_usd", "total_volume_usd", "bitcoin_dominance_percent", "ethereum_dominance_percent", "market_cap_change_percent", "active_asset_count", "market_count")
    TOTAL_MARKET_CAP_USD_FIELD_NUMBER: _ClassVar[int]
    TOTAL_VOLUME_USD_FIELD_NUMBER: _ClassVar[int]
    BITCOIN_DOMINANCE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ETHEREUM_DOMINANCE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MARKET_CAP_CHANGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_ASSET_COUNT_FIELD_NUMBER: _ClassVar[int]
    MARKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    total_market_cap_usd: str
    total_volume_usd: str
    bitcoin_dominance_percent: str
    ethereum_dominance_percent: str
    market_cap_change_percent: str
    active_asset_count: int
    market_count: int
    def __init__(self, total_market_cap_usd: _Optional[str] = ..., total_volume_usd: _Optional[str] = ..., bitcoin_dominance_percent: _Optional[str] = ..., ethereum_dominance_percent: _Optional[str] = ..., market_cap_change_percent: _Optional[str] = ..., active_asset_count: _Optional[int] = ..., market_count: _Optional[int] = ...) -> None: ...

class GetMarketOverviewRequest(_message.Message):
    __slots__ = ("view",)
    VIEW_FIELD_NUMBER: _ClassVar[int]
    view: _types_pb2.View
    def __init__(self, view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetMarketOverviewResponse(_message.Message):
    __slots__ = ("overview", "provenance")
    OVERVIEW_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    overview: MarketOverview
    provenance: _types_pb2.Provenance
    def __init__(self, overview: _Optional[_Union[MarketOverview, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class TrendingAsset(_message.Message):
    __slots__ = ("asset", "symbol", "name", "position", "market_cap_rank", "price_usd", "change_percent")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    MARKET_CAP_RANK_FIELD_NUMBER: _ClassVar[int]
    PRICE_USD_FIELD_NUMBER: _ClassVar[int]
    CHANGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    name: str
    position: int
    market_cap_rank: int
    price_usd: str
    change_percent: str
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., position: _Optional[int] = ..., market_cap_rank: _Optional[int] = ..., price_usd: _Optional[str] = ..., change_percent: _Optional[str] = ...) -> None: ...

class ListTrendingAssetsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "view")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListTrendingAssetsResponse(_message.Message):
    __slots__ = ("assets", "next_page_token", "provenance")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedCompositeFieldContainer[TrendingAsset]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, assets: _Optional[_Iterable[_Union[TrendingAsset, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...
