"""What the server does in one go: the scripts in Lua, and the keys they work on; used by cache and counters.

Each is sent as it is: the server knows it again by its digest, and none has to be loaded anew after a restart.
"""

PUT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local made = now - tonumber(ARGV[2])
local head = redis.pcall('GETRANGE', KEYS[1], 0, 12)
if type(head) == 'string' and string.match(head, '^%d%d%d%d%d%d%d%d%d%d%d%d%d$') then
  local there = tonumber(head)
  if there > made and there <= now then return 0 end
end
redis.call('SET', KEYS[1], string.format('%013.0f', made) .. ARGV[1], 'PX', ARGV[3])
return 1
"""
"""Keeps an answer unless a younger one is there: `KEYS` its key; `ARGV` its bytes, its age, how long it is kept (ms).

The moment it was fetched at stands before the bytes, by the server's own clock: clocks of machines differ.
"""

DROP = """
local old = redis.pcall('HMGET', KEYS[1], unpack(ARGV, 4))
if old.err then
  redis.call('DEL', KEYS[1])
  old = {}
end
local before = {}
for place = 4, #ARGV do
  before[place - 3] = {ARGV[place], old[place - 3] or ''}
  redis.call('HSET', KEYS[1], ARGV[place], ARGV[1])
end
redis.call('PUBLISH', ARGV[2], cjson.encode({ARGV[1], cjson.decode(ARGV[3]), before}))
return 1
"""
"""Begins new generations of kinds and tells every process: `KEYS` the hash of generations; `ARGV` the new one, the
channel, the scope as JSON, then the kinds."""

TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local birth = redis.pcall('GET', KEYS[#KEYS])
if type(birth) ~= 'string' or not string.match(birth, '^%d+$') or #birth > 13 then
  birth = string.format('%.0f', now)
  redis.call('SET', KEYS[#KEYS], birth)
end
local granted, told = 1, {}
for place = 1, #KEYS - 1 do
  local key = KEYS[place]
  local first = (place - 1) * 4
  local limit, tokens = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
  local kept, span = tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4])
  local grain = math.max(1, math.floor(span / 100))
  local current = math.floor(now / grain)
  local rows = redis.pcall('HGETALL', key)
  if rows.err then
    redis.call('DEL', key)
    rows = {}
  end
  local used, oldest, ahead = 0, nil, 0
  for row = 1, #rows, 2 do
    local at, spent = tonumber(rows[row]), tonumber(rows[row + 1])
    if not at or not spent or not (spent > 0) or not ((at + 1) * grain + span > now) then
      redis.call('HDEL', key, rows[row])
    else
      used = used + spent
      if at > current then
        redis.call('HDEL', key, rows[row])
        ahead, at = ahead + spent, current
      end
      if not oldest or at < oldest then oldest = at end
    end
  end
  if ahead > 0 then redis.call('HINCRBY', key, string.format('%.0f', current), string.format('%.0f', ahead)) end
  if limit - used - kept < tokens then granted = 0 end
  told[place] = {limit - used, oldest and (oldest + 1) * grain + span - now or 0, grain, span, tokens}
end
local reply = {granted, tonumber(birth)}
for place = 1, #KEYS - 1 do
  local key = KEYS[place]
  local left, free, grain, span, tokens = unpack(told[place])
  if granted == 1 then
    redis.call('HINCRBY', key, string.format('%.0f', math.floor(now / grain)), tokens)
    redis.call('PEXPIRE', key, span + 2 * grain)
    left = left - tokens
    if free == 0 then free = span + grain end
  end
  reply[#reply + 1] = math.max(left, -1000000)
  reply[#reply + 1] = free
end
return reply
"""
"""Draws on all budgets of a call or on none: `KEYS` a hash each, from a hundredth of its span to what was spent in it.

The last of `KEYS` holds since when is counted: who empties the server empties that too. `ARGV` holds of each budget the
limit, the tokens, what of it is kept, and its span (ms). Returns whether it was granted, since when is counted, then of
each what is left and when the first of what was spent comes back (ms). What lies ahead of the clock counts as now.
"""
