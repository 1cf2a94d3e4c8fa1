"""The fallback engine: asks whatever source works, says how the answer was obtained, and keeps what it learnt."""

from server.fallback.claims import QuotaLedger
from server.fallback.engine import Engine
from server.fallback.http import Transport
from server.fallback.previous import StoredLookup
from server.fallback.sweep import Sweep

__all__ = ["Engine", "QuotaLedger", "StoredLookup", "Sweep", "Transport"]
