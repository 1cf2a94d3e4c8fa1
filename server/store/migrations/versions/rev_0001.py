"""The first tables: prices, candles, news, sentiment, chains; each partitioned one with its default partition."""

from alembic import op

revision = "0001"
down_revision = None

RECEIVED = (
    "source text NOT NULL, source_time timestamptz, receive_time timestamptz NOT NULL, simulated boolean NOT NULL"
)

PARTITIONED = {
    "price_observations": (
        "time",
        f"""asset text NOT NULL, quote text NOT NULL, time timestamptz NOT NULL, {RECEIVED},
        value numeric NOT NULL, bid numeric, ask numeric, open numeric, high numeric, low numeric, change numeric,
        change_percent numeric, base_volume numeric, quote_volume numeric, market_cap numeric, native_value numeric,
        confidence numeric, rank bigint, native_quote text, flagged boolean NOT NULL, agreed bigint NOT NULL,
        asked bigint NOT NULL, PRIMARY KEY (asset, quote, time, source)""",
    ),
    "price_lists": (
        "time",
        f"""quote text NOT NULL, time timestamptz NOT NULL, {RECEIVED}, assets text[] NOT NULL, quotes text[] NOT NULL,
        times timestamptz[] NOT NULL, PRIMARY KEY (quote, time, source)""",
    ),
    "candles": (
        "open_time",
        f"""asset text NOT NULL, interval text NOT NULL, open_time timestamptz NOT NULL, quote text NOT NULL,
        {RECEIVED}, closed boolean NOT NULL, open numeric NOT NULL, high numeric NOT NULL, low numeric NOT NULL,
        close numeric NOT NULL, volume numeric, quote_volume numeric, trades bigint,
        PRIMARY KEY (asset, interval, open_time, quote, source)""",
    ),
    "overview_observations": (
        "time",
        f"""time timestamptz NOT NULL, {RECEIVED}, total_market_cap numeric NOT NULL, total_volume numeric,
        bitcoin_dominance numeric, ethereum_dominance numeric, market_cap_change_percent numeric,
        active_assets bigint, markets bigint, PRIMARY KEY (time, source)""",
    ),
    "trending_observations": (
        "time",
        f"time timestamptz NOT NULL, {RECEIVED}, assets jsonb NOT NULL, PRIMARY KEY (time, source)",
    ),
    "fear_greed_readings": (
        "time",
        f"""time timestamptz NOT NULL, {RECEIVED}, value numeric NOT NULL, classification text NOT NULL,
        PRIMARY KEY (time, source)""",
    ),
    "gas_observations": (
        "time",
        f"""chain text NOT NULL, time timestamptz NOT NULL, {RECEIVED}, unit text NOT NULL, slow numeric NOT NULL,
        standard numeric NOT NULL, fast numeric NOT NULL, base_fee numeric, priority_fee numeric, block_height bigint,
        PRIMARY KEY (chain, time, source)""",
    ),
    "chain_observations": (
        "time",
        f"""chain text NOT NULL, time timestamptz NOT NULL, {RECEIVED}, height bigint NOT NULL,
        pending_transactions bigint, block_time timestamptz, block_hash text, mean_block_interval interval,
        hash_rate numeric, difficulty numeric, supply numeric, PRIMARY KEY (chain, time, source)""",
    ),
    "blocks": (
        "time",
        f"""chain text NOT NULL, height bigint NOT NULL, time timestamptz NOT NULL, hash text NOT NULL, {RECEIVED},
        parent_hash text NOT NULL, miner text, transaction_count bigint, size bigint, gas_used bigint, gas_limit bigint,
        base_fee_gwei numeric, PRIMARY KEY (chain, height, time, hash)""",
    ),
    "balances": (
        "time",
        f"""chain text NOT NULL, address text NOT NULL, time timestamptz NOT NULL, {RECEIVED}, symbol text NOT NULL,
        amount numeric NOT NULL, pending numeric, transaction_count bigint, block_height bigint, tokens jsonb NOT NULL,
        PRIMARY KEY (chain, address, time, source)""",
    ),
}

WHOLE = {
    "listed_assets": f"""{RECEIVED}, id text NOT NULL, symbol text NOT NULL, name text NOT NULL, base text, quote text,
        active boolean, rank bigint, position bigint NOT NULL, PRIMARY KEY (source, id)""",
    "transactions": f"""chain text NOT NULL, hash text NOT NULL, {RECEIVED}, status text NOT NULL, block_hash text,
        sender text, recipient text, amount numeric NOT NULL, fee numeric, block_height bigint, nonce bigint,
        gas_used bigint, time timestamptz, inputs jsonb NOT NULL, outputs jsonb NOT NULL, PRIMARY KEY (chain, hash)""",
    "address_transactions": """chain text NOT NULL, address text NOT NULL, hash text NOT NULL, effect numeric,
        position bigint NOT NULL, receive_time timestamptz NOT NULL, PRIMARY KEY (chain, address, hash)""",
    "transaction_pages": f"chain text NOT NULL, address text NOT NULL, {RECEIVED}, PRIMARY KEY (chain, address)",
    "whale_transactions": f"""chain text NOT NULL, hash text NOT NULL, asset text NOT NULL, recipient text NOT NULL,
        {RECEIVED}, symbol text NOT NULL, sender text, amount numeric NOT NULL, amount_usd numeric, time timestamptz,
        block_height bigint, PRIMARY KEY (chain, hash, asset, recipient)""",
    "articles": f"""id text NOT NULL PRIMARY KEY, title text NOT NULL, url text NOT NULL,
        published_time timestamptz NOT NULL, {RECEIVED}, summary text NOT NULL, author text NOT NULL,
        image_url text NOT NULL, language text NOT NULL, categories text[] NOT NULL, sentiment double precision,
        search tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || summary)) STORED""",
    "article_sources": """article text NOT NULL, source text NOT NULL, published_time timestamptz NOT NULL,
        receive_time timestamptz NOT NULL, PRIMARY KEY (article, source)""",
    "article_assets": """asset text NOT NULL, published_time timestamptz NOT NULL, article text NOT NULL,
        PRIMARY KEY (asset, published_time, article)""",
    "secrets": "name text NOT NULL PRIMARY KEY, value bytea NOT NULL",
}

INDEXES = (
    "CREATE INDEX blocks_by_hash ON blocks (chain, hash)",
    "CREATE INDEX fear_greed_by_source ON fear_greed_readings (source, time)",
    "CREATE INDEX listed_assets_by_time ON listed_assets (receive_time)",
    "CREATE INDEX whales_by_time ON whale_transactions (chain, (coalesce(time, receive_time)))",
    "CREATE INDEX articles_by_time ON articles (published_time, id)",
    "CREATE INDEX articles_by_words ON articles USING gin (search)",
    "CREATE INDEX article_sources_by_time ON article_sources (source, published_time, article)",
    "CREATE INDEX article_assets_by_article ON article_assets (article)",
)


def upgrade() -> None:
    """Make every table."""
    for name, (column, columns) in PARTITIONED.items():
        op.execute(f"CREATE TABLE {name} ({columns}) PARTITION BY RANGE ({column})")
        op.execute(f"CREATE TABLE {name}_default PARTITION OF {name} DEFAULT")
    for name, columns in WHOLE.items():
        op.execute(f"CREATE TABLE {name} ({columns})")
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    """Remove every table."""
    for name in (*PARTITIONED, *WHOLE):
        op.execute(f"DROP TABLE {name}")
