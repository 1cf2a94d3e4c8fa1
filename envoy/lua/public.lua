-- Envoy's Lua filter on the public listener, before the transcoder: it leads old paths to those that answer now, and
-- holds every request to the contract.
package.path = "envoy/lua/?.lua;" .. package.path

local old = require("old")
local paths = require("paths")
local refusal = require("refusal")
local strict = require("strict")

local tree = paths.tree(require("http_paths"))

function envoy_on_request(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  if kind:find("^application/grpc") then
    return
  end
  local timeout = headers:get("grpc-timeout")
  if timeout and not timeout:find("^%d%d?%d?%d?%d?%d?%d?%d?[HMSmun]$") then
    return refusal.field(handle, "grpc-timeout", "expected digits and a unit (H M S m u n), such as 1500m")
  end
  local path, text = (headers:get(":path") or "/"):match("^([^?]*)%??(.*)$")
  if path:find("^/api/") then
    path, text = old.translate(handle, path, text)
    if not path then
      return
    end
  end
  strict.check(handle, tree, path, text)
end
