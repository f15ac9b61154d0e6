// Authors: public facts of users.

const FRESH_MS = 30_000;
const MOST = 50_000;

const USERS = {
  name: "users",
  text: "SELECT id, username, full_name, avatar_url FROM users WHERE id = ANY($1)",
};

/** Reads users by id; those who are not there are missing in the map. */
export async function byIds(pool, ids) {
  const { rows } = await pool.query({ ...USERS, values: [ids] });
  return new Map(rows.map((row) => [row.id, row]));
}

/** The same, remembered in this process for half a minute, as the posts service does. */
export function remembering(read) {
  const known = new Map();
  return async (ids) => {
    const now = Date.now();
    const found = new Map();
    const wanted = [];
    for (const id of ids) {
      const entry = known.get(id);
      if (entry !== undefined && entry.until > now) found.set(id, entry.user);
      else wanted.push(id);
    }
    if (wanted.length > 0) {
      for (const [id, user] of await read(wanted)) {
        if (known.size >= MOST) known.delete(known.keys().next().value);
        known.set(id, { user, until: now + FRESH_MS });
        found.set(id, user);
      }
    }
    return found;
  };
}
