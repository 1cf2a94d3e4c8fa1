-- The old paths: what a replaced system published, and where each is answered now. Read by old.lua.
--
-- `path`   the old path                      `to`     the path that answers
-- `query`  old name = new name and reading   `when`   the row holds only when this parameter is there
-- Readings: text; list (A,B becomes two parameters); count (a whole number); first and last (a time or a bare date:
-- its first moment, and the first moment after it, since ranges are half-open). A variable of `to` that is not in
-- the old path is taken from the query, and is required there. Of several rows of one path the first that holds counts.

local limit, top = { "pageSize", "count" }, { "topCount", "count" }
local from, to = { "startTime", "first" }, { "endTime", "last" }
local asset = { "asset", "text" }
local assets = { "assets", "list" }

return {
  { path = "/api/resources/market/price/{symbol}", to = "/v1/prices/{symbol}" },
  { path = "/api/resources/market/prices", when = "symbols", to = "/v1/prices:batchGet", query = { symbols = assets } },
  { path = "/api/resources/market/prices", to = "/v1/prices", query = { limit = limit } },
  { path = "/api/resources/news/latest", to = "/v1/articles", query = { limit = limit, symbol = asset, from = from, to = to } },
  { path = "/api/resources/news/symbol/{symbol}", to = "/v1/articles", as = { symbol = asset }, query = { limit = limit, from = from, to = to } },
  { path = "/api/resources/sentiment/fear-greed", when = "limit", to = "/v1/fearGreedIndex/readings", query = { limit = limit } },
  { path = "/api/resources/sentiment/fear-greed", to = "/v1/fearGreedIndex" },
  { path = "/api/resources/sentiment/global", to = "/v1/marketSentiment" },
  { path = "/api/resources/sentiment/coin/{symbol}", to = "/v1/assets/{symbol}/sentiment" },
  { path = "/api/resources/onchain/balance", to = "/v1/chains/{chain}/addresses/{address}/balance" },
  { path = "/api/resources/onchain/gas", to = "/v1/chains/{chain}/gasPrice" },
  { path = "/api/resources/onchain/transactions", to = "/v1/chains/{chain}/addresses/{address}/transactions", query = { limit = limit } },
  { path = "/api/resources/hf/ohlcv", to = "/v1/candles/{symbol}", query = { interval = { "interval", "text" }, limit = limit, from = from, to = to } },
  { path = "/api/resources/hf/symbols", to = "/v1/assets", query = { limit = limit } },
  { path = "/api/resources/hf/timeframes/{symbol}", to = "/v1/candles/{symbol}/intervals" },
  { path = "/api/resources/status", to = "/v1/systemStatus" },
  { path = "/api/hierarchy/overview", to = "/v1/hierarchy" },
  { path = "/api/hierarchy/usage-stats", to = "/v1/usageStats", query = { limit = top } },
  { path = "/api/hierarchy/health", to = "/v1/sources", query = { limit = limit } },
  { path = "/api/hierarchy/circuit-breakers", to = "/v1/circuitBreakers", query = { limit = limit } },
  { path = "/api/monitoring/status", to = "/v1/systemStatus" },
  { path = "/api/monitoring/sources/detailed", to = "/v1/sources", query = { limit = limit } },
  { path = "/api/monitoring/requests/recent", to = "/v1/requests", query = { limit = limit } },
  { path = "/api/historical/prices/{symbol}", to = "/v1/history/prices/{symbol}", query = { limit = limit, from = from, to = to } },
  { path = "/api/historical/sentiment", to = "/v1/history/sentiment", query = { limit = limit, symbol = asset, from = from, to = to } },
  { path = "/api/historical/news", to = "/v1/articles", query = { limit = limit, symbol = asset, from = from, to = to } },
  { path = "/api/smart/market", when = "symbol", to = "/v1/prices/{symbol}" },
  { path = "/api/smart/market", when = "symbols", to = "/v1/prices:batchGet", query = { symbols = assets } },
  { path = "/api/smart/market", to = "/v1/prices", query = { limit = limit } },
  { path = "/api/smart/news", to = "/v1/articles", query = { limit = limit, symbol = asset, from = from, to = to } },
  { path = "/api/smart/sentiment", when = "symbol", to = "/v1/assets/{symbol}/sentiment" },
  { path = "/api/smart/sentiment", to = "/v1/marketSentiment" },
  { path = "/api/smart/whale-alerts", to = "/v1/whaleTransactions", query = { limit = limit, chain = { "chain", "text" }, symbol = asset } },
  { path = "/api/smart/blockchain/{chain}", to = "/v1/chains/{chain}" },
  { path = "/api/smart/health-report", to = "/v1/systemStatus" },
  { path = "/api/smart/stats", to = "/v1/usageStats", query = { limit = top } },
}
