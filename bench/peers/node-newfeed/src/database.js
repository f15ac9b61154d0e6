// PostgreSQL: a pool, and values as the answers want them.

import pg from "pg";

const TIMESTAMPTZ = 1184;
const BIGINT = 20;

/** Times stay text: a `Date` would cost more and lose the microseconds. The session's time zone is UTC. */
const types = {
  getTypeParser(oid, format) {
    if (oid === TIMESTAMPTZ) return (text) => text.replace(" ", "T").replace("+00", "Z");
    if (oid === BIGINT) return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

/** A pool of connections. Queries with a `name` are prepared once a connection. */
export function connect({ url, connections }) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    idleTimeoutMillis: 300_000,
    options: "-c TimeZone=UTC",
    types,
  });
  pool.on("error", (error) => console.error("postgres:", error.message));
  return pool;
}
