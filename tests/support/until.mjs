// Waiting for a condition, with a deadline.

import { setTimeout as pause } from "node:timers/promises";

/**
 * Calls `look` until it returns something truthy, and returns that. What it throws counts as "not yet"; the last such
 * error is told when the deadline has passed.
 */
export async function until(what, look, { within = 10_000, every = 50 } = {}) {
  const deadline = performance.now() + within;
  for (;;) {
    let reason = "";
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      reason = `: ${error.message}`;
    }
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}${reason}`);
    await pause(every);
  }
}
