// Settings, all from the environment.

/** Reads them; throws with the variable's name where one is missing or wrong. */
export function settings(env = process.env) {
  const mode = oneOf(env, "MODE", ["plain", "policies"], "plain");
  const targets = addresses(env, "TARGETS");
  return {
    host: env.HOST ?? "127.0.0.1",
    port: whole(env, "PORT", 8080),
    workers: whole(env, "WORKERS", 1),
    targets,
    // Where /graphql goes, if not where everything goes.
    graphqlTargets: env.GRAPHQL_TARGETS ? addresses(env, "GRAPHQL_TARGETS") : targets,
    policies: mode === "policies" ? policies(env) : null,
  };
}

function policies(env) {
  return {
    webOrigin: env.WEB_ORIGIN ?? "http://localhost:5173",
    jwt: {
      secret: required(env, "JWT_SECRET"),
      issuer: env.JWT_ISSUER ?? "newfeed-auth",
      audience: env.JWT_AUDIENCE ?? "newfeed-api",
    },
    limit: {
      redisUrl: required(env, "REDIS_URL"),
      count: whole(env, "RATE_LIMIT", 100),
      windowMs: whole(env, "RATE_WINDOW_MS", 15 * 60 * 1000),
      // The edge's quota is one of addresses that nobody is signed in at; `all` charges everybody.
      anonymousOnly: oneOf(env, "RATE_LIMIT_FOR", ["anonymous", "all"], "anonymous") === "anonymous",
    },
  };
}

function required(env, name) {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function oneOf(env, name, allowed, otherwise) {
  const value = env[name] ?? otherwise;
  if (!allowed.includes(value)) throw new Error(`${name} is "${value}": it must be one of ${allowed.join(", ")}`);
  return value;
}

function whole(env, name, otherwise) {
  const value = Number(env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is "${env[name]}": it must be a whole number`);
  return value;
}

/** `127.0.0.1:9001,127.0.0.1:9002` */
function addresses(env, name) {
  return required(env, name).split(",").map((text) => {
    const [, host, port] = /^([^:]+):(\d+)$/.exec(text.trim()) ?? [];
    if (!host) throw new Error(`${name} has "${text}": an address is host:port`);
    return { protocol: "http:", host, port: Number(port) };
  });
}
