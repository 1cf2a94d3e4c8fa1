-- Envoy's Lua filter on the operators' listener: any web page can send a request to loopback, so whoever comes with an
-- Origin is refused, and so is who brings no token. The service compares the token. Old paths lead to those that answer
-- now; they took any method.
package.path = "envoy/lua/?.lua;" .. package.path

local paths = require("paths")
local refusal = require("refusal")
local strict = require("strict")

local tree = paths.tree(require("admin_http_paths"))
local old = {
  ["/api/smart/cleanup-failed"] = { "POST", "/admin/v1/sources:removeFailed" },
}

function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("origin") then
    refusal.send(handle, 403, "ORIGIN_REFUSED", "web pages may not use the operators' listener")
  elseif not (headers:get("authorization") or ""):find("^Bearer %S+$") then
    refusal.send(handle, 401, "TOKEN_MISSING", "send the operators' token as authorization: Bearer TOKEN", nil,
      { ["www-authenticate"] = "Bearer" })
  elseif not (headers:get("content-type") or ""):find("^application/grpc") then
    local path, text = (headers:get(":path") or "/"):match("^([^?]*)%??(.*)$")
    local now = old[path]
    if now then
      headers:replace(":method", now[1])
      path = now[2]
    end
    strict.check(handle, tree, path, text, true)
  end
end
