// The heads of the platform's own services, as clients get them through the edge, judged by httplint.

import { test } from "node:test";
import * as feed from "../support/feed.mjs";
import { PNG, form } from "../support/files.mjs";
import { EDGE_URL } from "../support/platform.mjs";
import { Session, freshName, signUp } from "../support/session.mjs";
import { Answers } from "./support/lint.mjs";
import { exchange, field } from "./support/raw.mjs";

const JSON_TYPE = { "Content-Type": "application/json" };

/** `exchange` with the platform, as this session. */
function as(session) {
  return (line, fields, options) => {
    const own = session.headers(line.split(" ")[1]);
    const named = { ...(own.cookie && { Cookie: own.cookie }), "X-Forwarded-For": own["x-forwarded-for"] };
    return exchange(new URL(EDGE_URL).host, line, { ...named, ...fields }, options);
  };
}

test("what the services answer", { timeout: 60_000 }, async (t) => {
  const answers = new Answers();
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const upload = await ann.fetch("/api/media/upload/image", { method: "POST", body: form("image", PNG) });
  const { pathname } = new URL((await upload.json()).url, EDGE_URL);
  const [nobody, user] = [as(new Session()), as(ann)];
  const keep = async (name, status, answer) => answers.add(name, status, await answer);
  const post = (ask, path, body, fields) => ask(`POST ${path}`, { ...JSON_TYPE, ...fields }, { body: JSON.stringify(body) });

  const username = freshName();
  const account = { username, email: `${username}@test.com`, password: "Test123", fullName: "John Doe" };
  await keep("signup", 201, post(nobody, "/api/auth/signup", account));
  await keep("signup again", 409, post(nobody, "/api/auth/signup", account));
  await keep("login", 200, post(nobody, "/api/auth/login", { email: account.email, password: "Test123" }));
  await keep("a wrong password", 401, post(nobody, "/api/auth/login", { email: account.email, password: "wrong" }));
  await keep("no JSON", 400, nobody("POST /api/auth/login", JSON_TYPE, { body: "{" }));
  await keep("not JSON", 415, nobody("POST /api/auth/login", { "Content-Type": "text/plain" }, { body: "x" }));
  await keep("keys", 200, nobody("GET /.well-known/jwks.json"));
  await keep("a user", 200, user(`GET /api/users/${ann.user.id}`));
  await keep("no such user", 404, user("GET /api/users/999999999999"));
  await keep("notifications", 200, user("GET /api/notifications"));
  await keep("notifications of nobody", 401, nobody("GET /api/notifications"));
  for (const service of ["auth", "posts", "comments", "media", "notifications"]) {
    await keep(`health of ${service}`, 200, nobody(`GET /api/${service}/health`));
  }
  const query = { query: feed.getPostsQuery, variables: { input: { limit: 50 } } };
  const graphql = { Accept: "application/graphql-response+json" };
  await keep("GraphQL", 200, post(user, "/graphql", query));
  await keep("GraphQL, compressed", 200, post(user, "/graphql", query, { "Accept-Encoding": "gzip" }));
  await keep("GraphQL, its own type", 200, post(user, "/graphql", query, graphql));
  await keep("GraphQL, a mistake", 400, post(user, "/graphql", { query: "{" }, graphql));
  await keep("GraphQL by GET", 200, user("GET /graphql?query=%7B__typename%7D"));
  await keep("GraphQL, a mutation by GET", 405, user("GET /graphql?query=mutation%7B__typename%7D", graphql));
  const file = await keep("a file", 200, nobody(`GET ${pathname}`));
  await keep("a file, HEAD", 200, nobody(`HEAD ${pathname}`)).catch(() => keep("a file, HEAD", 405, nobody(`HEAD ${pathname}`)));
  await keep("a file, unchanged", 304, nobody(`GET ${pathname}`, { "If-None-Match": field(file, "etag") }));
  await keep("a file, a part", 206, nobody(`GET ${pathname}`, { Range: "bytes=0-3" }));
  await keep("a file, no such part", 416, nobody(`GET ${pathname}`, { Range: "bytes=99999-" }));
  await keep("no such file", 404, nobody("GET /media/none.png"));
  const begun = { enough: (all) => all.includes("\r\n\r\n") };
  await keep("events", 200, user(`GET /api/sse/comments/${postId}`, { Accept: "text/event-stream" }, begun));
  await keep("polling", 200, nobody("GET /notifications/socket.io/?EIO=4&transport=polling"));
  await answers.judge((line) => t.diagnostic(line));
});
