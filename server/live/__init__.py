"""Live streams: shared polling, one journal a topic, and subscriptions that never hide a hole."""

from server.live.frames import (
    Accepted,
    Batch,
    Frame,
    Gap,
    GapCause,
    Heartbeat,
    Interruption,
    InterruptionReason,
    KeyStatus,
    PriceKey,
    Update,
)
from server.live.hub import Hub
from server.live.subscription import Subscription

__all__ = [
    "Accepted",
    "Batch",
    "Frame",
    "Gap",
    "GapCause",
    "Heartbeat",
    "Hub",
    "Interruption",
    "InterruptionReason",
    "KeyStatus",
    "PriceKey",
    "Subscription",
    "Update",
]
