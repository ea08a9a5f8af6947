/**
 * The steps of quota/counter.ts as a script of Redis 5 or later, or Valkey: one call, so requests of several gateways
 * are counted one after the other. The time is the server's own, so the clocks of the gateways need not agree; where it was
 * set back, a window begins now and keeps its count, so that nobody waits longer than the rule says. What stands under the
 * key and is no counter gives way: it would fail every request of one client, and the store with them.
 *
 * KEYS[1] the counter; ARGV limit, period and wait in milliseconds, time to keep it in milliseconds. Answers total,
 * milliseconds until the window ends, milliseconds until the client may come back (0: it passes).
 */
export const COUNT_SCRIPT: string = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, period, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.pcall('HMGET', KEYS[1], 'started', 'exceeded', 'total')
if stored.err then
  redis.call('DEL', KEYS[1])
  stored = {}
end
local started, exceeded, total = tonumber(stored[1]), tonumber(stored[2]), tonumber(stored[3])
if started and started > now then started = now end
if exceeded and exceeded > now then exceeded = now end
if started and total then
  total = total + 1
  if total > limit and not exceeded then exceeded = now end
  if not (now <= started + period or (exceeded and now <= exceeded + wait)) then started = nil end
end
local retry = 0
if started and total and total > limit then
  if wait == 0 and now < started + period then retry = started + period - now
  elseif now < exceeded + wait then retry = exceeded + wait - now
  else started = nil end
end
if not (started and total) then started, exceeded, total = now, nil, 1 end
redis.call('HSET', KEYS[1], 'started', string.format('%.0f', started), 'total', string.format('%.0f', total))
if exceeded then redis.call('HSET', KEYS[1], 'exceeded', string.format('%.0f', exceeded))
else redis.call('HDEL', KEYS[1], 'exceeded') end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { total, math.max(0, math.ceil(started + period - now)), math.ceil(retry) }
`;
