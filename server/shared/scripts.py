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
