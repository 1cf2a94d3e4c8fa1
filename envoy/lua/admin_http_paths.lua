-- The HTTP paths of the contract: method, path, and the query parameters that each takes: true where it may be
-- repeated, a list (its prefix, then its names) where it is an enum, the name of its form where it has one.
-- Written by scripts/gen_http_paths.py; not to be edited.
return {
  { method = "GET", path = "/admin/v1/cache", query = {  } },
  { method = "GET", path = "/admin/v1/egressRoutes", query = {  } },
  { method = "POST", path = "/admin/v1/cache:invalidate", query = {  } },
  { method = "POST", path = "/admin/v1/cache:warm", query = {  } },
  { method = "POST", path = "/admin/v1/egressRoutes/{egress_route}:test", query = {  } },
  { method = "POST", path = "/admin/v1/sources/{source}:disable", query = {  } },
  { method = "POST", path = "/admin/v1/sources/{source}:enable", query = {  } },
  { method = "POST", path = "/admin/v1/sources/{source}:resetCircuitBreaker", query = {  } },
  { method = "POST", path = "/admin/v1/sources:removeFailed", query = {  } },
}
