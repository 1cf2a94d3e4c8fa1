"""mempool.space's own routes beside Esplora's: fees, blocks with extras, prices, difficulty, hash rate."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.bitcoin_chain import SPAN_S, BitcoinBlock
from server.simulator.formats.esplora import (
    FAILURE,
    MISSING,
    NO_TRANSACTION,
    SHARED,
    head,
    height_of,
    newest_blocks,
    written_block,
)
from server.simulator.reply import Asked, Format, Said, routed, said, text
from server.simulator.view import View

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "CHF", "AUD", "JPY")

PERIODS = {"24h": 1, "3d": 3, "1w": 7, "1m": 30, "3m": 90, "6m": 180, "1y": 365, "2y": 730, "3y": 1095}


def fees(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v1/fees/recommended`, in whole satoshi per virtual byte."""
    rate = view.world.bitcoin.fee_rate(view.data_time) * view.factor
    shares = {"fastestFee": 1.0, "halfHourFee": 0.85, "hourFee": 0.7, "economyFee": 0.4, "minimumFee": 0.2}
    return said({name: max(1, round(rate * share)) for name, share in shares.items()})


def precise_fees(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v1/fees/precise`."""
    rate = view.world.bitcoin.fee_rate(view.data_time) * view.factor
    shares = {"fastestFee": 1.0, "halfHourFee": 0.85, "hourFee": 0.7, "economyFee": 0.4, "minimumFee": 0.2}
    return said({name: round(max(0.1, rate * share), 3) for name, share in shares.items()})


def prices(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v1/prices`, in whole units."""
    bitcoin = view.world.prices.by_id["bitcoin"]
    rows = {code: round(view.price(view.shown(bitcoin), code)) for code in CURRENCIES}
    return said({"time": int(view.data_time), **rows})


def difficulty(view: View, _asked: Asked, _: Mapping[str, str]) -> Said:
    """Answer `/api/v1/difficulty-adjustment`."""
    chain, height = view.world.bitcoin, head(view)
    done = height % 2016
    left = 2016 - done
    change = (chain.difficulty(height + 2016) / chain.difficulty(height) - 1) * 100
    return said(
        {
            "progressPercent": done / 2016 * 100,
            "difficultyChange": change,
            "estimatedRetargetDate": int((view.data_time + left * SPAN_S) * 1000),
            "remainingBlocks": left,
            "remainingTime": int(left * SPAN_S * 1000),
            "previousRetarget": (chain.difficulty(height) / chain.difficulty(height - 2016) - 1) * 100,
            "previousTime": chain.time(height - done),
            "nextRetargetHeight": height + left,
            "timeAvg": int(SPAN_S * 1000),
            "adjustedTimeAvg": int(SPAN_S * 1000),
            "timeOffset": 0,
            "expectedBlocks": float(done),
        }
    )


def hash_rate(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v1/mining/hashrate/{period}`."""
    days = PERIODS.get(parts["period"])
    if days is None:
        return text("Invalid period", 400)
    chain, height = view.world.bitcoin, head(view)
    today = int(view.data_time // 86_400) * 86_400

    def rate(at: int) -> float:
        return chain.difficulty(at) * 2**32 / SPAN_S * view.factor

    rows = [
        {"timestamp": today - 86_400 * back, "avgHashrate": rate(height - 144 * back)} for back in range(days, -1, -1)
    ]
    epochs = range(height - height % 2016, height - days * 144 - 2016, -2016)
    changes = [
        {"time": chain.time(at), "height": at, "difficulty": chain.difficulty(at), "adjustment": 1.01} for at in epochs
    ]
    return said(
        {
            "hashrates": rows,
            "difficulty": changes,
            "currentHashrate": rate(height),
            "currentDifficulty": chain.difficulty(height),
        }
    )


def _block(view: View, found: BitcoinBlock) -> dict[str, object]:
    """Return a block as mempool.space shows it, with what it knows beyond Esplora."""
    rate = found.median_rate
    extras = {
        "totalFees": found.fees,
        "medianFee": rate,
        "feeRange": [rate * part for part in (0.3, 0.6, 0.8, 1, 1.4, 3, 20)],
        "reward": 312_500_000 + found.fees,
        "pool": {"id": 1, "name": found.pool, "slug": found.pool.lower().replace(" ", "")},
        "avgFee": found.fees // found.transactions,
        "avgFeeRate": round(rate),
        "coinbaseRaw": "",
        "virtualSize": found.weight / 4,
        "matchRate": 100,
    }
    return {**written_block(view, found), "extras": extras}


def blocks(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v1/blocks` and `/api/v1/blocks/{height}`: fifteen with extras."""
    return said([_block(view, found) for found in newest_blocks(view, parts, 15)])


def block(view: View, _asked: Asked, parts: Mapping[str, str]) -> Said:
    """Answer `/api/v1/block/{hash}`."""
    height = height_of(view, parts)
    return height if isinstance(height, Said) else said(_block(view, view.world.bitcoin.block(height)))


_OWN = (
    ("/api/v1/fees/recommended", fees),
    ("/api/v1/fees/precise", precise_fees),
    ("/api/v1/blocks", blocks),
    ("/api/v1/blocks/{height}", blocks),
    ("/api/v1/block/{hash}", block),
    ("/api/v1/prices", prices),
    ("/api/v1/difficulty-adjustment", difficulty),
    ("/api/v1/mining/hashrate/{period}", hash_rate),
)

FORMAT = Format("mempool", routed((*_OWN, *SHARED), MISSING), MISSING, FAILURE, NO_TRANSACTION)
