// Settings, all from the environment.

/** Reads them; throws with the variable's name where one is missing or wrong. */
export function settings(env = process.env) {
  const cache = env.CACHE ?? "none";
  if (!["none", "redis"].includes(cache)) throw new Error(`CACHE is "${cache}": it must be none or redis`);
  return {
    host: env.HOST ?? "127.0.0.1",
    port: whole(env, "PORT", 3002),
    posts: { url: required(env, "DATABASE_URL_POSTS"), connections: whole(env, "DATABASE_POOL", 10) },
    auth: { url: required(env, "DATABASE_URL_AUTH"), connections: whole(env, "DATABASE_POOL", 10) },
    // Redis' own database 1 was that of the posts.
    cache: cache === "redis" ? { url: required(env, "REDIS_URL"), database: whole(env, "REDIS_DATABASE", 1) } : null,
  };
}

function required(env, name) {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function whole(env, name, otherwise) {
  const value = Number(env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is "${env[name]}": it must be a whole number`);
  return value;
}
