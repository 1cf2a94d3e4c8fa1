-- The HTTP paths of the contract: method, path, and the query parameters that each takes: true where it may be
-- repeated, a list (its prefix, then its names) where it is an enum, the name of its form where it has one.
-- Written by scripts/gen_http_paths.py; not to be edited.
local enum_BreakerState = { "BREAKER_STATE_", "CLOSED", "OPEN", "HALF_OPEN" }
local enum_PriceOrder = { "PRICE_ORDER_", "MARKET_CAP", "GAINERS", "LOSERS" }
local enum_SourceState = { "SOURCE_STATE_", "ACTIVE", "DEGRADED", "FAILED", "BLOCKED", "PROXY_NEEDED", "DISABLED", "SUNSET" }
local enum_View = { "VIEW_", "BASIC", "FULL" }
return {
  { method = "GET", path = "/v1/articles", query = { asset = false, source = false, language = false, search = false, startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/articles/{article}", query = { view = enum_View } },
  { method = "GET", path = "/v1/assets", query = { search = false, chain = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/assets/{asset}", query = {  } },
  { method = "GET", path = "/v1/assets/{asset}/sentiment", query = { window = "span", view = enum_View } },
  { method = "GET", path = "/v1/candles/{asset}", query = { interval = false, quote = false, startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/candles/{asset}/intervals", query = { quote = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/chains", query = { pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/chains/{chain}", query = { view = enum_View } },
  { method = "GET", path = "/v1/chains/{chain}/addresses/{address}/balance", query = { tokens = true, view = enum_View } },
  { method = "GET", path = "/v1/chains/{chain}/addresses/{address}/transactions", query = { pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/chains/{chain}/blocks/{block}", query = { view = enum_View } },
  { method = "GET", path = "/v1/chains/{chain}/gasPrice", query = { view = enum_View } },
  { method = "GET", path = "/v1/chains/{chain}/transactions/{hash}", query = { view = enum_View } },
  { method = "GET", path = "/v1/circuitBreakers", query = { source = false, kind = false, state = enum_BreakerState, pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/fearGreedIndex", query = { view = enum_View } },
  { method = "GET", path = "/v1/fearGreedIndex/readings", query = { startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/hierarchy", query = { kind = false } },
  { method = "GET", path = "/v1/history/gas/{chain}", query = { source = false, startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/history/prices/{asset}", query = { quote = false, source = false, startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/history/sentiment", query = { asset = false, source = false, startTime = "time", start_time = "time", endTime = "time", end_time = "time", pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/marketOverview", query = { view = enum_View } },
  { method = "GET", path = "/v1/marketSentiment", query = { window = "span", view = enum_View } },
  { method = "GET", path = "/v1/prices", query = { quote = false, orderBy = enum_PriceOrder, order_by = enum_PriceOrder, pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/prices/{asset}", query = { quote = false, view = enum_View } },
  { method = "GET", path = "/v1/prices/{asset}/quotes", query = { quote = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/prices:batchGet", query = { assets = true, quote = false, view = enum_View } },
  { method = "GET", path = "/v1/prices:stream", query = { assets = true, quote = false, conflationInterval = "span", conflation_interval = "span", heartbeatInterval = "span", heartbeat_interval = "span", cursor = false } },
  { method = "GET", path = "/v1/requests", query = { method = false, code = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/routes/{kind}:explain", query = { asset = false, chain = false, quote = false, interval = false } },
  { method = "GET", path = "/v1/sources", query = { state = enum_SourceState, kind = false, chain = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/sources/{source}", query = {  } },
  { method = "GET", path = "/v1/sources/{source}/incidents", query = { pageSize = "number", page_size = "number", pageToken = false, page_token = false } },
  { method = "GET", path = "/v1/systemStatus", query = {  } },
  { method = "GET", path = "/v1/trendingAssets", query = { pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "GET", path = "/v1/usageStats", query = { windows = true, method = false, topCount = "number", top_count = "number" } },
  { method = "GET", path = "/v1/whaleTransactions", query = { chain = false, asset = false, minimumAmount = false, minimum_amount = false, minimumAmountUsd = false, minimum_amount_usd = false, pageSize = "number", page_size = "number", pageToken = false, page_token = false, view = enum_View } },
  { method = "POST", path = "/v1/sentiment:analyze", query = {  } },
}
