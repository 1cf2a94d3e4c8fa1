"""GeckoTerminal: the pools of decentralised exchanges that draw most attention, read as trending assets.

Its trending pools are the keyless second source of what is trending: a pool's base token, with CoinGecko's id of it.
"""

from __future__ import annotations

from decimal import Decimal

from server.assets import registry
from server.errors import BadAnswer
from server.model import Trending, TrendingAsset, TrendingQuery
from server.providers.base import Limit, Provider, Recorded, Reply, Request, Source, Tier
from server.providers.decode import (
    code_of,
    dict_at,
    dict_of,
    json_of,
    list_at,
    list_of,
    optional_decimal,
    optional_text,
    text_of,
)
from server.providers.rows import Refusal
from server.providers.values import only, or_refusal, serving

_LONGEST = 36


def refusal(reply: Reply) -> Refusal | None:
    """Return the error that the body states: a list of errors, or a status with a code."""
    body = json_of(reply)
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("status"), dict):
        return Refusal(code_of(dict_at(body, "status").get("error_code")))
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        first = dict_of(errors[0], "error")
        return Refusal(code_of(first.get("status")), code_of(first.get("title")))
    return None


def trending_pools(reply: Reply) -> Trending:
    """Read trending pools as their base tokens, each token once, in the order of the pools; prices in USD."""
    stated = refusal(reply)
    if stated is not None:
        raise BadAnswer("throttled" if stated.code == "429" else "error_body", f"code {stated.code}")
    body = dict_of(json_of(reply))
    included = [dict_of(row, "token") for row in list_of(body.get("included") or [], "included")]
    tokens = {code_of(row.get("id")): dict_at(row, "attributes") for row in included if row.get("type") == "token"}
    found: dict[str, TrendingAsset] = {}
    for row in list_at(body, "data"):
        pool = dict_of(row, "pool")
        id_ = text_of(_base(pool).get("id"), "base_token", 200)
        if id_ not in found:
            found[id_] = _trending(dict_at(pool, "attributes"), tokens.get(id_, {}), len(found) + 1)
    return Trending(tuple(found.values()))


def _base(pool: dict[str, object]) -> dict[str, object]:
    return dict_at(dict_at(dict_at(pool, "relationships"), "base_token"), "data")


def _trending(pool: dict[str, object], token: dict[str, object], place: int) -> TrendingAsset:
    # A pool's name is its pair, such as "TOKEN / WETH 0.3%".
    pair = text_of(pool.get("name"), "name", 200)
    known = registry().by_source("coingecko", code_of(token.get("coingecko_coin_id")))
    symbol = optional_text(token.get("symbol"), "symbol", 100) or pair.split(" / ")[0]
    return TrendingAsset(
        asset=known.id if known is not None else "",
        symbol=symbol.upper(),
        name=optional_text(token.get("name"), "name", 200) or symbol,
        position=place,
        price=_price(pool),
        change_percent=optional_decimal(
            dict_of(pool.get("price_change_percentage") or {}, "price_change_percentage").get("h24"), "h24"
        ),
    )


def _price(pool: dict[str, object]) -> Decimal | None:
    """Return the price, cut where it has more digits than an exact decimal may have; GeckoTerminal gives up to 60."""
    text = pool.get("base_token_price_usd")
    if isinstance(text, str) and "." in text[:_LONGEST]:
        text = text[:_LONGEST]
    return optional_decimal(text, "base_token_price_usd")


def _request(_query: TrendingQuery) -> tuple[Request, ...]:
    return (Request("/networks/trending_pools", (("include", "base_token"), ("page", "1"))),)


def _parse(_query: TrendingQuery, replies: tuple[Reply, ...]) -> Trending:
    found = trending_pools(only(replies))
    if not found.assets:
        raise BadAnswer("empty", "no pool is trending")
    return found


PROVIDER = Provider(
    name="geckoterminal",
    capabilities=(serving(TrendingQuery, _request, _parse),),
    sources=(
        Source(
            id="geckoterminal",
            name="GeckoTerminal",
            provider="geckoterminal",
            base_url="https://api.geckoterminal.com/api/v2",
            tier=Tier.LOW,
            category="market_data",
            limits=(Limit(10, 60),),
            attribution="Data by GeckoTerminal",
            terms_url="https://www.coingecko.com/en/api_terms",
            docs_url="https://apiguide.geckoterminal.com",
        ),
    ),
    recorded_as=("geckoterminal",),
    recorded=(Recorded(or_refusal(refusal, trending_pools), r".*/networks/(.+/)?trending_pools"),),
)
