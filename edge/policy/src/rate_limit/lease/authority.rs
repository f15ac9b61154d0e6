//! Who owns the tokens: a script in Redis, and the same rule in memory.

use super::{Ask, Terms};
use std::time::Duration;

/// Who else asked this short a time ago shares what is left.
const TOGETHER_MICROS: u64 = 100_000;

/// Serves one edge's asks for any number of keys, in one call. Redis's own clock decides.
///
/// `KEYS[1]` names the edge, the others are buckets. `ARGV[1]` is the number of the call, `ARGV[2]` the edge's name; then come six
/// numbers for each bucket, see [`ask_args`]. A call that comes again with its number (its answer was lost) takes no debt twice, and
/// lends nothing.
///
/// Replies three numbers a bucket, see [`grants`]. A bucket holds its theoretical arrival time, who asked last and when, and who else
/// asked last and when.
pub const LEASE_SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local again = redis.call('GET', KEYS[1]) == ARGV[1]
redis.call('SET', KEYS[1], ARGV[1], 'PX', 3600000)
local me = ARGV[2]
local reply = {}
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 6
  local interval, burst = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local want, least = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local debt, back = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local kept = redis.call('GET', KEYS[i])
  local tat, last, last_at, other, other_at = now, '-', 0, '-', 0
  if kept then
    tat, last, last_at, other, other_at = string.match(kept, '^(%d+) (%S+) (%d+) (%S+) (%d+)$')
    tat, last_at, other_at = tonumber(tat), tonumber(last_at), tonumber(other_at)
  end
  if last ~= me then
    other, other_at = last, last_at
  end
  tat = math.max(tat, now)
  if not again then
    tat = math.max(tat - back * interval, now) + debt * interval
  end
  local room = math.max(math.floor((now + burst * interval - tat) / interval), 0)
  local shared = other ~= '-' and now - other_at < 100000
  local grant = 0
  if not again then
    grant = math.min(want, room, shared and math.max(math.ceil(room / 2), least) or room)
    if grant < least then
      grant = 0
    end
  end
  tat = tat + grant * interval
  redis.call('SET', KEYS[i], string.format('%.0f %s %.0f %s %.0f', tat, me, now, other, other_at), 'PX',
    math.max(math.ceil((tat - now) / 1000), 200))
  reply[#reply + 1] = grant
  reply[#reply + 1] = tat - now
  reply[#reply + 1] = shared and 1 or 0
end
return reply
";

/// What one bucket (`KEYS[1]`) is like, as [`LEASE_SCRIPT`] tells it, for one who borrows nothing; changes nothing.
pub const LEASE_PEEK_SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tat = tonumber(string.match(redis.call('GET', KEYS[1]) or '', '^%d+') or now)
return {0, math.max(tat - now, 0), 0}
";

/// Says that the edge `ARGV[1]` is there, and replies how many are, of those that have said so within five seconds. `KEYS[1]` holds them.
pub const FLEET_SCRIPT: &str = r"
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 5)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])
";

/// What is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Tokens, at most those asked for.
    pub tokens: u32,
    /// How far the theoretical arrival time is ahead: what all have used or borrowed, as time.
    pub ahead: Duration,
    /// Whether another edge asked a moment ago.
    pub shared: bool,
}

/// The six arguments that ask for one bucket: interval in microseconds, burst, tokens wanted, how many of them at least, tokens spent
/// and not yet accounted for, tokens that come back.
pub fn ask_args(terms: &Terms, ask: &Ask) -> [u64; 6] {
    [
        micros(terms.interval),
        u64::from(terms.burst),
        u64::from(ask.want),
        u64::from(ask.least),
        u64::from(ask.debt),
        u64::from(ask.returned),
    ]
}

/// What [`LEASE_SCRIPT`] replied, bucket by bucket.
pub fn grants(reply: &[i64]) -> impl Iterator<Item = Grant> {
    reply.chunks_exact(3).map(|one| Grant {
        tokens: u32::try_from(one[0]).unwrap_or(0),
        ahead: Duration::from_micros(u64::try_from(one[1]).unwrap_or(0)),
        shared: one[2] == 1,
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// One bucket by the same rule, in memory: the model of the script. Times are microseconds of one clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Authority {
    tat: u64,
    last: Option<(u32, u64)>,
    other: Option<(u32, u64)>,
}

impl Authority {
    /// Serves one edge's ask.
    pub fn serve(&mut self, terms: &Terms, edge: u32, ask: &Ask, now: u64) -> Grant {
        if self.last.is_some_and(|(last, _)| last != edge) {
            self.other = self.last;
        }
        self.last = Some((edge, now));
        let interval = micros(terms.interval);
        let time = |tokens: u32| u64::from(tokens) * interval;
        let tat = self.tat.max(now).saturating_sub(time(ask.returned)).max(now) + time(ask.debt);
        let room = (now + time(terms.burst)).saturating_sub(tat) / interval;
        let shared = self.other.is_some_and(|(_, at)| now - at < TOGETHER_MICROS);
        let least = u64::from(ask.least);
        let share = if shared { room.div_ceil(2).max(least) } else { room };
        let lent = u64::from(ask.want).min(room).min(share);
        let lent = if lent < least { 0 } else { lent };
        self.tat = tat + lent * interval;
        Grant {
            tokens: u32::try_from(lent).unwrap_or(u32::MAX),
            ahead: Duration::from_micros(self.tat - now),
            shared,
        }
    }
}
