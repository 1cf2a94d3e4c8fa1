-- Envoy's Lua filter on the operators' listener: any web page can send a request to loopback, so whoever comes with an
-- Origin is refused, and so is who brings no token. The service compares the token.
package.path = "envoy/lua/?.lua;" .. package.path

local refusal = require("refusal")

function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("origin") then
    refusal.send(handle, 403, "ORIGIN_REFUSED", "web pages may not use the operators' listener")
  elseif not (headers:get("authorization") or ""):find("^Bearer %S+$") then
    refusal.send(handle, 401, "TOKEN_MISSING", "send the operators' token as authorization: Bearer TOKEN", nil,
      { ["www-authenticate"] = "Bearer" })
  end
end
