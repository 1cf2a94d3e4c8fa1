-- Ends a request with the one error shape of the contract: google.rpc.Status as JSON, with one ErrorInfo.
local refusal = {}

local codes = { [400] = 3, [401] = 16, [403] = 7, [404] = 5, [405] = 12, [415] = 3 }
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

-- Returns `text` as a JSON string, cut to a length that a reader can take in; bytes that are not UTF-8 become "?".
local function quoted(text)
  local shown = text:sub(1, 300):gsub('[%c"\\]', function(c)
    return escapes[c] or string.format("\\u%04x", c:byte())
  end)
  return '"' .. shown:gsub("[\128-\255]", "?") .. '"'
end

-- Refuses the request. `field` names the parameter at fault, or is nil.
function refusal.send(handle, status, reason, message, field, headers)
  local metadata, violation = "", ""
  if field then
    metadata = ',"metadata":{"field":' .. quoted(field) .. "}"
    violation = ',{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":'
      .. quoted(field) .. ',"description":' .. quoted(message) .. "}]}"
  end
  local body = '{"code":' .. codes[status] .. ',"message":' .. quoted(message)
    .. ',"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"' .. reason
    .. '","domain":"nerkh"' .. metadata .. "}" .. violation .. "]}"
  headers = headers or {}
  headers[":status"] = tostring(status)
  headers["content-type"] = "application/json"
  handle:streamInfo():dynamicMetadata():set("nerkh", "refused", true)
  handle:respond(headers, body)
end

-- Refuses a request for a parameter that is not what it should be.
function refusal.field(handle, name, message)
  refusal.send(handle, 400, "INVALID_FIELD", name .. ": " .. message, name)
end

return refusal
