"""Use cases in domain terms, one module per proto service; `rpc` calls them, they call the engine and the store."""
