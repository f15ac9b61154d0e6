// The feed, newest first.

const FIRST = {
  name: "first-page",
  text: `SELECT id, author_id, author_name, content, post_type, media_urls, like_count, comment_count, created_at, updated_at
           FROM posts ORDER BY id DESC LIMIT $1`,
};
const AFTER = {
  name: "page-after",
  text: `SELECT id, author_id, author_name, content, post_type, media_urls, like_count, comment_count, created_at, updated_at
           FROM posts WHERE id < $1 ORDER BY id DESC LIMIT $2`,
};
const LIKED = {
  name: "liked",
  text: "SELECT post_id FROM likes WHERE user_id = $1 AND post_id = ANY($2)",
};

/** Reads `count` posts that are older than `before`, or the newest. */
export async function page(pool, before, count) {
  const query = before === null ? { ...FIRST, values: [count] } : { ...AFTER, values: [before, count] };
  const { rows } = await pool.query(query);
  return rows;
}

/** Which of these posts the user likes, in their order. */
export async function liked(pool, userId, postIds) {
  if (userId === null) return postIds.map(() => false);
  const { rows } = await pool.query({ ...LIKED, values: [userId, postIds] });
  const found = new Set(rows.map((row) => row.post_id));
  return postIds.map((id) => found.has(id));
}

/** The place behind a post in the feed. */
export const encodeCursor = (id) => Buffer.from(`posts:${id}`).toString("base64url");

/** Its post's id; null where it is no cursor of the feed. */
export function decodeCursor(text) {
  const [, id] = /^posts:([1-9]\d*)$/.exec(Buffer.from(text, "base64url").toString()) ?? [];
  return id ? Number(id) : null;
}
