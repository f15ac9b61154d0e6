// First pages of the feed in Redis, for a moment.

import { createClient } from "redis";

/** As long as the posts service serves a page unasked. */
const FRESH_SECONDS = 2;

/** Connects; `first(count, load)` is the first page, out of Redis or by `load`. Redis away: always by `load`. */
export async function connect({ url, database }) {
  const client = createClient({ url, database, disableOfflineQueue: true });
  client.on("error", (error) => console.error("redis:", error.message));
  await client.connect();
  const first = async (count, load) => {
    const key = `node:feed:${count}`;
    const kept = await client.get(key).catch(() => null);
    if (kept !== null) return JSON.parse(kept);
    const rows = await load();
    await client.set(key, JSON.stringify(rows), { EX: FRESH_SECONDS }).catch(() => null);
    return rows;
  };
  return { first, close: () => client.destroy() };
}
