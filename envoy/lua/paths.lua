-- Finds the row of a table of paths ("/v1/prices/{asset}") that a request's path belongs to.
local paths = {}

-- Returns a tree of the rows: literal segments by their text, "{asset}" under "*", "{kind}:explain" under "*:explain".
function paths.tree(rows)
  local root = {}
  for _, row in ipairs(rows) do
    local node = root
    row.names = {}
    for segment in row.path:gmatch("[^/]+") do
      local name, verb = segment:match("^{([%w_]+)}(.*)$")
      row.names[#row.names + 1] = name
      local key = name and "*" .. verb or segment
      node[key] = node[key] or {}
      node = node[key]
    end
    node.rows = node.rows or {}
    node.rows[#node.rows + 1] = row
  end
  return root
end

local descend

-- Goes on below a variable segment whose value is `value`.
local function variable(node, segments, at, values, value)
  if not node or not value then
    return nil
  end
  values[#values + 1] = value
  local rows = descend(node, segments, at + 1, values)
  if not rows then
    values[#values] = nil
  end
  return rows
end

descend = function(node, segments, at, values)
  local segment = segments[at]
  if not segment then
    return node.rows
  end
  local literal = segment ~= "rows" and segment:sub(1, 1) ~= "*" and node[segment]
  local rows = literal and descend(literal, segments, at + 1, values)
  if rows then
    return rows
  end
  local stem, verb = segment:match("^(.+)(:%a+)$")
  return variable(verb and node["*" .. verb], segments, at, values, stem)
    or variable(node["*"], segments, at, values, segment)
end

-- Returns the rows at `path`, and the raw values of its variable segments in their order; nil when there are none.
function paths.find(tree, path)
  local segments, values = {}, {}
  for segment in path:gmatch("[^/]+") do
    segments[#segments + 1] = segment
  end
  return descend(tree, segments, 1, values), values
end

return paths
