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

class ChainFamily(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_FAMILY_UNSPECIFIED: _ClassVar[ChainFamily]
    CHAIN_FAMILY_EVM: _ClassVar[ChainFamily]
    CHAIN_FAMILY_BITCOIN: _ClassVar[ChainFamily]

class TransactionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSACTION_STATUS_UNSPECIFIED: _ClassVar[TransactionStatus]
    TRANSACTION_STATUS_CONFIRMED: _ClassVar[TransactionStatus]
    TRANSACTION_STATUS_PENDING: _ClassVar[TransactionStatus]
    TRANSACTION_STATUS_FAILED: _ClassVar[TransactionStatus]
CHAIN_FAMILY_UNSPECIFIED: ChainFamily
CHAIN_FAMILY_EVM: ChainFamily
CHAIN_FAMILY_BITCOIN: ChainFamily
TRANSACTION_STATUS_UNSPECIFIED: TransactionStatus
TRANSACTION_STATUS_CONFIRMED: TransactionStatus
TRANSACTION_STATUS_PENDING: TransactionStatus
TRANSACTION_STATUS_FAILED: TransactionStatus

class Chain(_message.Message):
    __slots__ = ("id", "name", "family", "native_asset", "native_symbol", "decimals", "evm_id", "block_interval", "aliases")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    NATIVE_ASSET_FIELD_NUMBER: _ClassVar[int]
    NATIVE_SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    EVM_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCK_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    family: ChainFamily
    native_asset: str
    native_symbol: str
    decimals: int
    evm_id: int
    block_interval: _duration_pb2.Duration
    aliases: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., family: _Optional[_Union[ChainFamily, str]] = ..., native_asset: _Optional[str] = ..., native_symbol: _Optional[str] = ..., decimals: _Optional[int] = ..., evm_id: _Optional[int] = ..., block_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., aliases: _Optional[_Iterable[str]] = ...) -> None: ...

class ChainStatus(_message.Message):
    __slots__ = ("chain", "height", "block_time", "block_hash", "mean_block_interval", "pending_transaction_count", "hash_rate", "difficulty", "supply")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    MEAN_BLOCK_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    PENDING_TRANSACTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    HASH_RATE_FIELD_NUMBER: _ClassVar[int]
    DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    chain: str
    height: int
    block_time: _timestamp_pb2.Timestamp
    block_hash: str
    mean_block_interval: _duration_pb2.Duration
    pending_transaction_count: int
    hash_rate: str
    difficulty: str
    supply: str
    def __init__(self, chain: _Optional[str] = ..., height: _Optional[int] = ..., block_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_hash: _Optional[str] = ..., mean_block_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., pending_transaction_count: _Optional[int] = ..., hash_rate: _Optional[str] = ..., difficulty: _Optional[str] = ..., supply: _Optional[str] = ...) -> None: ...

class GasPrice(_message.Message):
    __slots__ = ("chain", "unit", "slow", "standard", "fast", "base_fee", "priority_fee", "block_height")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    SLOW_FIELD_NUMBER: _ClassVar[int]
    STANDARD_FIELD_NUMBER: _ClassVar[int]
    FAST_FIELD_NUMBER: _ClassVar[int]
    BASE_FEE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FEE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    chain: str
    unit: str
    slow: str
    standard: str
    fast: str
    base_fee: str
    priority_fee: str
    block_height: int
    def __init__(self, chain: _Optional[str] = ..., unit: _Optional[str] = ..., slow: _Optional[str] = ..., standard: _Optional[str] = ..., fast: _Optional[str] = ..., base_fee: _Optional[str] = ..., priority_fee: _Optional[str] = ..., block_height: _Optional[int] = ...) -> None: ...

class TokenBalance(_message.Message):
    __slots__ = ("asset", "symbol", "contract", "amount")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    contract: str
    amount: str
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., contract: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("chain", "address", "symbol", "amount", "pending_amount", "transaction_count", "block_height", "tokens")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    chain: str
    address: str
    symbol: str
    amount: str
    pending_amount: str
    transaction_count: int
    block_height: int
    tokens: _containers.RepeatedCompositeFieldContainer[TokenBalance]
    def __init__(self, chain: _Optional[str] = ..., address: _Optional[str] = ..., symbol: _Optional[str] = ..., amount: _Optional[str] = ..., pending_amount: _Optional[str] = ..., transaction_count: _Optional[int] = ..., block_height: _Optional[int] = ..., tokens: _Optional[_Iterable[_Union[TokenBalance, _Mapping]]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("address", "amount")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    address: str
    amount: str
    def __init__(self, address: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...

class Transaction(_message.Message):
    __slots__ = ("chain", "hash", "status", "amount", "fee", "block_height", "block_hash", "block_time", "sender", "recipient", "inputs", "outputs", "effect", "nonce", "gas_used")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HASH_FIELD_NUMBER: _ClassVar[int]
    BLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    GAS_USED_FIELD_NUMBER: _ClassVar[int]
    chain: str
    hash: str
    status: TransactionStatus
    amount: str
    fee: str
    block_height: int
    block_hash: str
    block_time: _timestamp_pb2.Timestamp
    sender: str
    recipient: str
    inputs: _containers.RepeatedCompositeFieldContainer[Transfer]
    outputs: _containers.RepeatedCompositeFieldContainer[Transfer]
    effect: str
    nonce: int
    gas_used: int
    def __init__(self, chain: _Optional[str] = ..., hash: _Optional[str] = ..., status: _Optional[_Union[TransactionStatus, str]] = ..., amount: _Optional[str] = ..., fee: _Optional[str] = ..., block_height: _Optional[int] = ..., block_hash: _Optional[str] = ..., block_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sender: _Optional[str] = ..., recipient: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., effect: _Optional[str] = ..., nonce: _Optional[int] = ..., gas_used: _Optional[int] = ...) -> None: ...

class Block(_message.Message):
    __slots__ = ("chain", "height", "hash", "block_time", "parent_hash", "transaction_count", "size_bytes", "gas_used", "gas_limit", "base_fee_gwei", "miner")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    BLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    PARENT_HASH_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    GAS_USED_FIELD_NUMBER: _ClassVar[int]
    GAS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    BASE_FEE_GWEI_FIELD_NUMBER: _ClassVar[int]
    MINER_FIELD_NUMBER: _ClassVar[int]
    chain: str
    height: int
    hash: str
    block_time: _timestamp_pb2.Timestamp
    parent_hash: str
    transaction_count: int
    size_bytes: int
    gas_used: int
    gas_limit: int
    base_fee_gwei: str
    miner: str
    def __init__(self, chain: _Optional[str] = ..., height: _Optional[int] = ..., hash: _Optional[str] = ..., block_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parent_hash: _Optional[str] = ..., transaction_count: _Optional[int] = ..., size_bytes: _Optional[int] = ..., gas_used: _Optional[int] = ..., gas_limit: _Optional[int] = ..., base_fee_gwei: _Optional[str] = ..., miner: _Optional[str] = ...) -> None: ...

class WhaleTransaction(_message.Message):
    __slots__ = ("chain", "hash", "asset", "symbol", "amount", "amount_usd", "block_time", "block_height", "sender", "recipient")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    BLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    BLOCK_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    chain: str
    hash: str
    asset: str
    symbol: str
    amount: str
    amount_usd: str
    block_time: _timestamp_pb2.Timestamp
    block_height: int
    sender: str
    recipient: str
    def __init__(self, chain: _Optional[str] = ..., hash: _Optional[str] = ..., asset: _Optional[str] = ..., symbol: _Optional[str] = ..., amount: _Optional[str] = ..., amount_usd: _Optional[str] = ..., block_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., block_height: _Optional[int] = ..., sender: _Optional[str] = ..., recipient: _Optional[str] = ...) -> None: ...

class ListChainsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListChainsResponse(_message.Message):
    __slots__ = ("chains", "next_page_token", "provenance")
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    chains: _containers.RepeatedCompositeFieldContainer[Chain]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, chains: _Optional[_Iterable[_Union[Chain, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetChainRequest(_message.Message):
    __slots__ = ("chain", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetChainResponse(_message.Message):
    __slots__ = ("chain", "status", "provenance")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    chain: Chain
    status: ChainStatus
    provenance: _types_pb2.Provenance
    def __init__(self, chain: _Optional[_Union[Chain, _Mapping]] = ..., status: _Optional[_Union[ChainStatus, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetGasPriceRequest(_message.Message):
    __slots__ = ("chain", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetGasPriceResponse(_message.Message):
    __slots__ = ("gas_price", "provenance")
    GAS_PRICE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    gas_price: GasPrice
    provenance: _types_pb2.Provenance
    def __init__(self, gas_price: _Optional[_Union[GasPrice, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("chain", "address", "tokens", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    address: str
    tokens: _containers.RepeatedScalarFieldContainer[str]
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., address: _Optional[str] = ..., tokens: _Optional[_Iterable[str]] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("balance", "provenance")
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    balance: Balance
    provenance: _types_pb2.Provenance
    def __init__(self, balance: _Optional[_Union[Balance, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ListTransactionsRequest(_message.Message):
    __slots__ = ("chain", "address", "page_size", "page_token", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    address: str
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., address: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListTransactionsResponse(_message.Message):
    __slots__ = ("transactions", "next_page_token", "provenance")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[Transaction]
    next_page_token: str
    provenance: _types_pb2.Provenance
    def __init__(self, transactions: _Optional[_Iterable[_Union[Transaction, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetTransactionRequest(_message.Message):
    __slots__ = ("chain", "hash", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    hash: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., hash: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetTransactionResponse(_message.Message):
    __slots__ = ("transaction", "provenance")
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    transaction: Transaction
    provenance: _types_pb2.Provenance
    def __init__(self, transaction: _Optional[_Union[Transaction, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class GetBlockRequest(_message.Message):
    __slots__ = ("chain", "block", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    block: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., block: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class GetBlockResponse(_message.Message):
    __slots__ = ("block", "provenance")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    block: Block
    provenance: _types_pb2.Provenance
    def __init__(self, block: _Optional[_Union[Block, _Mapping]] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ...) -> None: ...

class ListWhaleTransactionsRequest(_message.Message):
    __slots__ = ("chain", "asset", "minimum_amount", "minimum_amount_usd", "page_size", "page_token", "view")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    chain: str
    asset: str
    minimum_amount: str
    minimum_amount_usd: str
    page_size: int
    page_token: str
    view: _types_pb2.View
    def __init__(self, chain: _Optional[str] = ..., asset: _Optional[str] = ..., minimum_amount: _Optional[str] = ..., minimum_amount_usd: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[_types_pb2.View, str]] = ...) -> None: ...

class ListWhaleTransactionsResponse(_message.Message):
    __slots__ = ("transactions", "next_page_token", "provenance", "ambiguous", "candidates")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[WhaleTransaction]
    next_page_token: str
    provenance: _types_pb2.Provenance
    ambiguous: bool
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.AssetCandidate]
    def __init__(self, transactions: _Optional[_Iterable[_Union[WhaleTransaction, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., provenance: _Optional[_Union[_types_pb2.Provenance, _Mapping]] = ..., ambiguous: bool = ..., candidates: _Optional[_Iterable[_Union[_types_pb2.AssetCandidate, _Mapping]]] = ...) -> None: ...
