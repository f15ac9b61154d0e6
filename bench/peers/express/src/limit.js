// The quota of an address, counted in Redis for all gateways together.

import { rateLimit } from "express-rate-limit";
import { RedisStore } from "rate-limit-redis";
import { createClient } from "redis";

/** Connects to Redis; the middleware, and how to let go of it. */
export async function limiter({ redisUrl, count, windowMs, anonymousOnly }) {
  const client = createClient({ url: redisUrl });
  client.on("error", (error) => console.error("redis:", error.message));
  await client.connect();
  const middleware = rateLimit({
    windowMs,
    limit: count,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    passOnStoreError: true,
    skip: (req) => anonymousOnly && req.user !== undefined,
    store: new RedisStore({ prefix: "gateway:", sendCommand: (...words) => client.sendCommand(words) }),
    message: { success: false, message: "The quota is used up; come again later." },
  });
  return { middleware, close: () => client.destroy() };
}
