// A service dies under load. Kills programs, so nothing else may run beside it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as feed from "./support/feed.mjs";
import { ADMIN_URL, dev } from "./support/platform.mjs";
import { Session, problem, signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 180_000;
const AT_ONCE = 2_000;

after(() => dev("start", "posts", "comments"));

/** Reads on and on until stopped; remembers how each went. */
function load(session, query, readers = 4) {
  const seen = [];
  let stopped = false;
  const read = async () => {
    while (!stopped) {
      const began = performance.now();
      const { data, errors } = await session.graphql(query);
      seen.push({ data, errors, took: performance.now() - began });
    }
  };
  const running = Promise.all(Array.from({ length: readers }, read));
  return {
    /** How it went from now on, once there are so many answers. */
    next: async (count) => {
      const from = seen.length;
      await until(`${count} answers`, () => seen.length >= from + count, { within: 30_000 });
      return seen.slice(from);
    },
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

/** What the edge has answered on /graphql since it was started. */
async function answered() {
  const text = await (await fetch(`${ADMIN_URL}/metrics`)).text();
  const line = text.split("\n").find((line) => line.startsWith('edge_requests_total{route="graphql",status="2xx"}'));
  return Number(line.split(" ").at(-1));
}

test("posts is killed under a read load and comes back", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  await feed.createComment(ann, postId, "still here");
  const mixed = `{ getPosts(input: { limit: 5 }) { success } getComments(postId: ${postId}) { comments { content } } }`;
  const before = await answered();
  const reads = load(ann, mixed);
  try {
    const fine = await reads.next(20);
    assert.ok(fine.every(({ errors }) => !errors), JSON.stringify(fine.find(({ errors }) => errors)));

    await dev("kill", "posts");
    const hurt = await reads.next(60);
    for (const { data, errors, took } of hurt) {
      assert.ok(took < AT_ONCE, `answered after ${took} ms`);
      assert.deepEqual(data.getComments.comments, [{ content: "still here" }], "comments do not notice");
      if (!errors) continue;
      assert.equal(data.getPosts, null);
      assert.equal(errors.length, 1);
      assert.deepEqual(errors[0].path, ["getPosts"]);
    }
    const last = hurt.at(-1);
    assert.equal(last.errors[0].extensions.code, "SERVICE_UNAVAILABLE");

    const began = performance.now();
    // So many failures opened its breaker.
    await problem(await new Session().fetch("/api/posts/health"), 503, "CIRCUIT_OPEN");
    assert.ok(performance.now() - began < AT_ONCE);
    for (const path of ["/api/auth/health", "/api/comments/health", "/api/media/health", "/api/notifications/health"]) {
      assert.equal((await new Session().fetch(path)).status, 200, path);
    }
    assert.equal((await ann.fetch("/api/auth/me")).status, 200);
    const write = await ann.graphql(feed.createCommentQuery, { input: { postId, content: "who knows" } });
    assert.equal(write.errors?.[0].extensions.code, "SERVICE_UNAVAILABLE", "whether the post exists cannot be told");
    assert.equal((await feed.commentsOf(ann, postId)).length, 1, "nothing was half-written");

    await dev("start", "posts");
    await until("reads are whole again", async () => (await reads.next(20)).every(({ errors }) => !errors), { within: 30_000 });
  } finally {
    await reads.stop();
  }
  assert.ok((await answered()) >= before + 100, "the edge went on counting: it was not restarted");
});

test("one of two instances is killed and nobody notices", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  await feed.createComment(ann, postId, "still here");
  const reads = load(ann, `{ getComments(postId: ${postId}) { comments { content } } }`);
  try {
    await reads.next(20);
    await dev("kill", "comments.1");
    for (const { data, errors, took } of await reads.next(100)) {
      assert.equal(errors, undefined, JSON.stringify(errors));
      assert.deepEqual(data.getComments.comments, [{ content: "still here" }]);
      assert.ok(took < AT_ONCE, `answered after ${took} ms`);
    }
    await dev("start", "comments.1");
    assert.ok((await reads.next(50)).every(({ errors }) => !errors));
  } finally {
    await reads.stop();
  }
});

test("a broken configuration is told and costs the edge that serves nothing", { timeout }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "newfeed-"));
  try {
    const file = join(folder, "edge.yaml");
    const good = await readFile(new URL("edge.yaml", import.meta.url), "utf8");
    await writeFile(file, good.replace("upstream: media", "upsteam: media"));
    const before = await answered();
    await assert.rejects(dev("up", "--detach", "--config", file), /E101 .*upsteam.*did you mean `upstream`/s);
    assert.ok((await answered()) >= before, "the edge was restarted");
    await signUp();
  } finally {
    await rm(folder, { recursive: true });
  }
});
