-- Holds a request to the contract's paths before the transcoder sees it: it refuses what that would let pass: doubled
-- parameters, parameters that name a path's field, broken percent-encoding, bytes that are not UTF-8, bodies that are
-- not JSON. Both listeners use it, each with its own table of paths.
local paths = require("paths")
local query = require("query")
local refusal = require("refusal")

local strict = {}

-- Returns the names of a table, sorted, in the camel case that answers use.
local function names(of)
  local found = {}
  for name in pairs(of) do
    if not name:find("_", 1, true) then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return #found > 0 and "there are: " .. table.concat(found, ", ") or "there are none here"
end

-- Refuses a parameter that `row` does not know, and says why.
local function unknown(handle, row, name, root)
  for _, in_path in ipairs(row.names) do
    if in_path == root then
      return refusal.field(handle, name, "this is part of the path; do not give it as a parameter too")
    end
  end
  refusal.field(handle, name, "no such parameter; " .. names(row.query))
end

-- Returns an enum's value by its full name (VIEW_FULL), given as that or without the prefix (FULL, full); nil when
-- there is none, and what there is.
local function enum_value(list, given)
  local prefix, short = list[1], given:upper()
  if short:sub(1, #prefix) == prefix then
    short = short:sub(#prefix + 1)
  end
  for at = 2, #list do
    if list[at] == short then
      return prefix .. short
    end
  end
  return nil, "expected one of " .. table.concat(list, ", ", 2)
end

-- What stands before a time's fraction and zone.
local DAY_AND_HOUR = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d"

-- The forms of single values: what tells whether a text has one, and what to say when it has not. What has its form and
-- is none all the same, such as a 13th month, the transcoder refuses.
local forms = {
  time = {
    function(text)
      local rest = text:match(DAY_AND_HOUR .. "(.*)$")
      local zone = rest and rest:gsub("^%.%d+", "")
      return zone == "Z" or (zone and zone:find("^[+-]%d%d:%d%d$"))
    end,
    "expected a time such as 2026-01-31T12:00:00Z",
  },
  span = {
    function(text)
      return text:find("^%-?%d+s$") or text:find("^%-?%d+%.%d+s$")
    end,
    "expected seconds such as 90s",
  },
  number = {
    function(text)
      return text:find("^%-?%d+$") and math.abs(tonumber(text)) < 2147483648
    end,
    "expected a whole number such as 100",
  },
}

-- Returns the query as the transcoder takes it; refuses the first parameter that `row` does not take as it was given,
-- and returns nil then.
local function checked(handle, row, text)
  local seen, parts = {}, {}
  for at, parameter in ipairs(query.parse(text)) do
    local name, raw = parameter.name, parameter.raw
    local root = name:match("^[^%.]*")
    local taken = row.query[root]
    local key = root:gsub("_(%a)", string.upper) .. name:sub(#root + 1)
    local value = query.value(raw)
    if taken == nil then
      return unknown(handle, row, name, root)
    elseif seen[key] and taken ~= true then
      return refusal.field(handle, name, "given twice; give it once")
    elseif not value then
      return refusal.field(handle, name, "expected percent-encoded UTF-8")
    end
    if type(taken) == "table" and value ~= "" then
      local full, expected = enum_value(taken, value)
      if not full then
        return refusal.field(handle, name, expected)
      end
      raw = full
    end
    local form = forms[taken]
    if form and value ~= "" and not form[1](value) then
      return refusal.field(handle, name, form[2])
    end
    seen[key] = true
    if raw ~= "" then
      parts[#parts + 1] = name .. "=" .. raw
    end
  end
  return table.concat(parts, "&")
end

-- Returns the row for the request's method; refuses the request when the path answers to others alone.
local function row_of(handle, rows, method)
  local others = {}
  for _, row in ipairs(rows) do
    if row.method == method then
      return row
    end
    others[#others + 1] = row.method
  end
  local allowed = table.concat(others, ", ")
  refusal.send(handle, 405, "METHOD_NOT_ALLOWED", "this path answers to " .. allowed .. ", not " .. method, nil, { allow = allowed })
end

-- Checks the request for `path` and `text`, its query, against the tree of a table of paths; leads it there when they
-- are not what the request came with. What no row knows is left to the routes. With `idle` a request that has neither
-- a body nor a type of one passes as an empty one.
function strict.check(handle, tree, path, text, idle)
  local headers = handle:headers()
  if not query.decode(path) then
    return refusal.send(handle, 400, "INVALID_FIELD", "the path is not percent-encoded UTF-8; encode it", "path")
  end
  local rows = paths.find(tree, path)
  local row = rows and row_of(handle, rows, headers:get(":method"))
  local asked = row and checked(handle, row, text)
  if not asked then
    return
  end
  local kind = headers:get("content-type")
  if row.method ~= "GET" and not (kind or ""):find("^application/json") then
    local length = headers:get("content-length")
    if not idle or kind or headers:get("transfer-encoding") or (length and length ~= "0") then
      return refusal.send(handle, 415, "UNSUPPORTED_MEDIA_TYPE", "send the body as content-type: application/json")
    end
    headers:add("content-type", "application/json")
  end
  local now = asked == "" and path or path .. "?" .. asked
  if now ~= headers:get(":path") then
    headers:replace(":path", now)
    handle:clearRouteCache()
  end
end

return strict
