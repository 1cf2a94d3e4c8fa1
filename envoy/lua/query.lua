-- Reads and writes query strings; percent-encoding and UTF-8 are judged here.
local query = {}

-- Tells whether `text` is valid UTF-8 (no surrogates, nothing overlong).
function query.is_utf8(text)
  if not text:find("[\128-\255]") then
    return true
  end
  local at, size = 1, #text
  while at <= size do
    local a, b, c, d = text:byte(at, at + 3)
    local function tail(byte, low, high)
      return byte and byte >= (low or 0x80) and byte <= (high or 0xBF)
    end
    if a < 0x80 then
      at = at + 1
    elseif a >= 0xC2 and a <= 0xDF and tail(b) then
      at = at + 2
    elseif a >= 0xE0 and a <= 0xEF and tail(b, a == 0xE0 and 0xA0, a == 0xED and 0x9F) and tail(c) then
      at = at + 3
    elseif a >= 0xF0 and a <= 0xF4 and tail(b, a == 0xF0 and 0x90, a == 0xF4 and 0x8F) and tail(c) and tail(d) then
      at = at + 4
    else
      return false
    end
  end
  return true
end

-- Returns `text` decoded, or nil when an escape is broken or what it gives is not UTF-8.
function query.decode(text)
  if not text:find("%", 1, true) then
    return query.is_utf8(text) and text or nil
  end
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  local decoded = text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  return query.is_utf8(decoded) and decoded or nil
end

-- Returns `text` encoded, so that it can stand as one segment of a path or as a value.
function query.encode(text)
  return (text:gsub("[^%w%-%._~]", function(c)
    return string.format("%%%02X", c:byte())
  end))
end

-- Returns the parameters of `text` as a list of { name, raw }, with their names decoded ("" for a broken name).
function query.parse(text)
  local found = {}
  for part in text:gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=(.*)$")
    found[#found + 1] = { name = query.decode(name or part) or "", raw = value or "" }
  end
  return found
end

-- Returns a raw value decoded, a plus being a space; nil when it cannot be.
function query.value(raw)
  return query.decode((raw:gsub("%+", " ")))
end

return query
