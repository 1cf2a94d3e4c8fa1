-- Turns a request for an old path (old_paths.lua) into one for the path that answers now.
local paths = require("paths")
local query = require("query")
local refusal = require("refusal")

local tree = paths.tree(require("old_paths"))
local old = {}

local days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- Returns the date after `date` (YYYY-MM-DD), or nil when `date` is none.
local function next_day(date)
  local year, month, day = date:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local leap = year and (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0))
  local length = month and (month == 2 and leap and 29 or days[month])
  if not length or day < 1 or day > length then
    return nil
  end
  if day < length then
    day = day + 1
  elseif month < 12 then
    month, day = month + 1, 1
  else
    year, month, day = year + 1, 1, 1
  end
  return string.format("%04d-%02d-%02d", year, month, day)
end

-- Returns a time as the contract takes it; a bare date becomes its first moment, or with `after` the one behind it.
local function time(value, after)
  local following = next_day(value)
  if following then
    return (after and following or value) .. "T00:00:00Z"
  end
  local date, clock, zone = value:match("^([%d%-]+)[Tt ](%d%d:%d%d:%d%d[%.%d]*)(.*)$")
  if not date or not next_day(date) then
    return nil
  end
  if zone == "" then
    zone = "Z"
  end
  return (zone:match("^[Zz]$") or zone:match("^[+-]%d%d:%d%d$")) and date .. "T" .. clock .. zone:upper() or nil
end

-- Each reading returns the values to send, or nil and what would have been right.
local readings = {
  text = function(value)
    return { value }
  end,
  list = function(value)
    local parts = {}
    for part in value:gmatch("[^,]+") do
      parts[#parts + 1] = part:match("^%s*(.-)%s*$")
    end
    return #parts > 0 and parts or nil, "expected names separated by commas"
  end,
  count = function(value)
    return value:match("^%d+$") and { value } or nil, "expected a whole number"
  end,
  first = function(value)
    local read = time(value, false)
    return read and { read }, "expected a date (2026-01-31) or a time (2026-01-31T12:00:00Z)"
  end,
  last = function(value)
    local read = time(value, true)
    return read and { read }, "expected a date (2026-01-31) or a time (2026-01-31T12:00:00Z)"
  end,
}

-- Returns the query's values by name, decoded; refuses what is doubled or broken and returns nil.
local function values_of(handle, text)
  local given = {}
  for _, parameter in ipairs(query.parse(text)) do
    local value = query.value(parameter.raw)
    if not value then
      return refusal.field(handle, parameter.name, "expected percent-encoded UTF-8")
    elseif given[parameter.name] then
      return refusal.field(handle, parameter.name, "given twice; give it once")
    end
    given[parameter.name] = value ~= "" and value or nil
  end
  local offset = given.offset
  if offset and offset ~= "0" then
    return refusal.field(handle, "offset", "pages go by token; send nextPageToken of the answer as pageToken")
  end
  given.offset = nil
  return given
end

-- Returns the first of the rows whose condition holds.
local function chosen(rows, given)
  for _, row in ipairs(rows) do
    if not row.when or given[row.when] then
      return row
    end
  end
end

-- Adds one parameter as `rule` reads it to `parts`; refuses a bad value and returns false.
local function add(handle, parts, name, value, rule)
  local read, expected = readings[rule[2]](value)
  if not read then
    refusal.field(handle, name, expected)
    return false
  end
  for _, one in ipairs(read) do
    parts[#parts + 1] = rule[1] .. "=" .. query.encode(one)
  end
  return true
end

-- Returns the path and query that answer for the old `path`; nil when it is no old path or was refused.
function old.translate(handle, path, text)
  local rows, raw = paths.find(tree, path)
  if not rows then
    return nil
  end
  local given = values_of(handle, text)
  local row = given and chosen(rows, given)
  if not row then
    return nil
  end
  local parts, in_path = {}, {}
  for at, name in ipairs(row.names) do
    in_path[name] = query.decode(raw[at])
    if not in_path[name] then
      return refusal.field(handle, name, "expected percent-encoded UTF-8")
    end
    if row.as and not add(handle, parts, name, in_path[name], row.as[name]) then
      return nil
    end
  end
  local missing
  local target = row.to:gsub("{(%w+)}", function(name)
    local value = in_path[name] or given[name]
    missing = missing or (not value and name or nil)
    given[name] = nil
    return query.encode(value or "")
  end)
  if missing then
    return refusal.field(handle, missing, "this parameter is required")
  end
  for name, value in pairs(given) do
    local rule = row.query and row.query[name] or { query.encode(name), "text" }
    if not add(handle, parts, name, value, rule) then
      return nil
    end
  end
  return target, table.concat(parts, "&")
end

return old
