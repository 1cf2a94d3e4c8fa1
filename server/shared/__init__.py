"""What processes share over Redis or Valkey: the second level of the cache, and the counters of short budgets.

The only part that speaks to it; `app` opens it when `NERKH_REDIS_URL` is set, and hands it to the engine.
"""
