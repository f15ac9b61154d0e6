// Being told: Socket.IO and server-sent events, through the edge and directly.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as feed from "./support/feed.mjs";
import { comments as stream, socket } from "./support/live.mjs";
import { NOTIFICATIONS_URL } from "./support/platform.mjs";
import { Session, problem, signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 60_000;
const SECOND = 1_000;
const DIRECT = { url: NOTIFICATIONS_URL, path: "/socket.io" };
const through = {
  "through the edge, as a client chooses": {},
  "through the edge by WebSocket": { transports: ["websocket"] },
  "through the edge by polling": { transports: ["polling"] },
  "directly by WebSocket": { ...DIRECT, transports: ["websocket"] },
  "directly by polling": { ...DIRECT, transports: ["polling"] },
};

test("one writes, one answers and likes, all are told at once", { timeout }, async (t) => {
  const [ann, ben, cid] = await Promise.all([signUp(), signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const own = await socket(t, ann);
  await own.subscribed("subscribe", ann.user.id);
  const followers = await Promise.all([1, 2, 3].map(() => socket(t, cid)));
  for (const follower of followers) await follower.subscribed("subscribe-post", postId);
  const streams = await Promise.all([1, 2, 3].map(() => stream(t, cid, postId)));

  const comment = await feed.createComment(ben, postId, "Great post!");
  const told = await own.event("notification", ({ type }) => type === "new_comment", SECOND);
  assert.match(told.message, new RegExp(ben.user.username));
  assert.equal(told.data.postId, postId);
  assert.ok(Date.parse(told.createdAt));
  await ben.succeed(feed.likePostQuery, { id: postId });
  const liked = await own.event("notification", ({ type }) => type === "post_liked", SECOND);
  assert.match(liked.message, new RegExp(ben.user.username));
  assert.equal(liked.data.postId, postId);

  for (const follower of followers) {
    const news = await follower.event("new_comment", undefined, SECOND);
    assert.deepEqual([news.postId, news.comment.id, news.comment.content], [postId, comment.id, "Great post!"]);
    const like = await follower.event("notification", ({ type }) => type === "like_created", SECOND);
    assert.equal(like.data.postId, postId);
  }
  for (const heard of streams) assert.equal((await heard.event("comment_added", undefined, SECOND)).commentId, comment.id);

  await until("the feed shows both", async () => {
    const { posts } = await cid.succeed(feed.getPostsQuery, { input: { limit: 50 } });
    const post = posts.find(({ id }) => id === postId);
    return post?.commentCount === 1 && post.likeCount === 1;
  });

  await ann.succeed(feed.deletePostQuery, { id: postId });
  for (const heard of streams) assert.equal((await heard.event("comment_deleted")).commentId, comment.id);
  await until("the comments are gone", async () => {
    const { getComments } = await cid.ask(feed.getCommentsQuery, { postId });
    return getComments.comments.length === 0;
  });
  assert.equal(own.events.filter(({ name }) => name === "notification").length, 2, "each is told once");
});

for (const [name, options] of Object.entries(through)) {
  test(`the README's snippet ${name}`, { timeout }, async (t) => {
    const [ann, ben] = await Promise.all([signUp(), signUp()]);
    const { id: postId } = await feed.createPost(ann);
    const heard = await socket(t, ann, options);
    heard.client.emit("subscribe", ann.user.id);
    await heard.subscribed("subscribe-post", postId);
    await feed.createComment(ben, postId, "over this way");
    assert.equal((await heard.event("notification")).type, "new_comment");
    assert.equal((await heard.event("new_comment")).comment.content, "over this way");

    await heard.subscribed("unsubscribe-post", postId);
    const second = await feed.createComment(ben, postId, "not of the post");
    await heard.event("notification", ({ data }) => data.comment?.id === second.id);
    // The next round trip ends after whatever was sent before it.
    await heard.subscribed("subscribe-post", postId);
    assert.equal(heard.names().filter((name) => name === "new_comment").length, 1, "unsubscribed");
  });
}

test("identity comes from a cookie, a bearer or the handshake's token", { timeout }, async (t) => {
  const ann = await signUp();
  const address = { "x-forwarded-for": ann.address };
  const ways = [
    { headers: ann.headers() },
    { headers: { ...address, authorization: `Bearer ${ann.token}` } },
    { headers: address, auth: { token: ann.token } },
  ];
  for (const way of ways) {
    for (const where of [{}, DIRECT]) {
      const heard = await socket(t, ann, { ...where, ...way });
      await heard.subscribed("subscribe", ann.user.id);
    }
  }
});

test("a user subscribes to itself alone; nobody to no one; posts are for all", { timeout }, async (t) => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const bens = await socket(t, ben);
  assert.equal((await bens.emit("subscribe", ann.user.id)).code, "FORBIDDEN");
  const nobodys = await socket(t, new Session());
  const refusal = await nobodys.emit("subscribe", ann.user.id);
  assert.deepEqual([refusal.ok, refusal.code], [false, "UNAUTHENTICATED"]);
  await nobodys.subscribed("subscribe-post", postId);
  await nobodys.subscribed("unsubscribe-post", postId);
  assert.equal((await bens.emit("subscribe-post", "x")).code, "VALIDATION_FAILED");
  await bens.subscribed("subscribe", Number(ben.user.id));
  await bens.subscribed("unsubscribe", ben.user.id);
});

test("a bad token gets no socket, and forged identity headers none of another's", { timeout }, async (t) => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  for (const where of [{}, DIRECT]) {
    await assert.rejects(socket(t, ann, { ...where, headers: {}, auth: { token: "nonsense" } }), /TOKEN_INVALID/);
    const forged = { ...ben.headers(), "x-user-id": ann.user.id, "x-service-token": "edge.guess" };
    const heard = await socket(t, ben, { ...where, headers: forged });
    assert.equal((await heard.emit("subscribe", ann.user.id)).code, "FORBIDDEN");
  }
});

test("nobody is told of what they did themselves", { timeout }, async (t) => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const own = await socket(t, ann);
  await own.subscribed("subscribe", ann.user.id);
  await feed.createComment(ann, postId, "to myself");
  await ann.succeed(feed.likePostQuery, { id: postId });
  // Each service tells its events in order: once these two are here, the others would be.
  await feed.createComment(ben, postId, "from another");
  await ben.succeed(feed.likePostQuery, { id: postId });
  await own.event("notification", ({ type }) => type === "new_comment");
  await own.event("notification", ({ type }) => type === "post_liked");
  const told = own.events.filter(({ name }) => name === "notification").map(({ data }) => data.data.actor.id);
  assert.deepEqual(told, [ben.user.id, ben.user.id]);
});

test("a mention is told, and a comment that mentions its post's author is told once", { timeout }, async (t) => {
  const [ann, ben, cid] = await Promise.all([signUp(), signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const [anns, cids] = [await socket(t, ann), await socket(t, cid)];
  await anns.subscribed("subscribe", ann.user.id);
  await cids.subscribed("subscribe", cid.user.id);
  await feed.createComment(ben, postId, `@${ann.user.username} and @${cid.user.username}, look`);
  assert.equal((await cids.event("notification")).type, "mention");
  assert.equal((await anns.event("notification")).type, "new_comment");
  await ben.succeed(feed.likePostQuery, { id: postId });
  await anns.event("notification", ({ type }) => type === "post_liked");
  assert.deepEqual(anns.events.map(({ data }) => data.type), ["new_comment", "post_liked"]);
});

test("notifications are kept, counted and marked", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  await feed.createComment(ben, postId);
  await ben.succeed(feed.likePostQuery, { id: postId });
  const list = async (query = "") => (await ann.fetch(`/api/notifications${query}`)).json();
  const both = await until("two notifications", async () => {
    const found = await list();
    return found.unreadCount === 2 && found.notifications.length === 2 && found;
  });
  assert.equal(both.success, true);
  assert.deepEqual(both.notifications.map(({ type }) => type).sort(), ["new_comment", "post_liked"]);
  assert.ok(both.notifications.every(({ read, message, createdAt }) => read === false && message && createdAt));

  const first = await list("?limit=1");
  assert.equal(first.notifications[0].id, both.notifications[0].id);
  assert.equal(first.pageInfo.hasNextPage, true);
  const second = await list(`?limit=1&cursor=${encodeURIComponent(first.pageInfo.endCursor)}`);
  assert.equal(second.notifications[0].id, both.notifications[1].id);
  assert.equal(second.pageInfo.hasNextPage, false);

  const marked = await ann.post("/api/notifications/read", { ids: [both.notifications[0].id] });
  assert.deepEqual(await marked.json(), { success: true, unreadCount: 1 });
  await ben.post("/api/notifications/read", { all: true });
  assert.equal((await list()).unreadCount, 1, "another's stay unread");
  const rest = await ann.post("/api/notifications/read", { all: true });
  assert.deepEqual(await rest.json(), { success: true, unreadCount: 0 });
  await problem(await new Session().fetch("/api/notifications"), 401, "UNAUTHENTICATED");
});

test("a client that keeps no cookies is served, whichever instance opened its session", { timeout }, async (t) => {
  const ann = await signUp();
  const token = ann.token;
  for (const transports of [["polling"], ["polling", "websocket"], ["websocket"]]) {
    for (let round = 0; round < 6; round++) {
      const options = { transports, withCredentials: false, headers: {}, auth: { token }, reconnection: false };
      const { client, subscribed } = await socket(t, ann, options);
      await subscribed("subscribe", ann.user.id);
      client.close();
    }
  }
});

test("a logout closes what its session has open within a second, and nobody else's", { timeout }, async (t) => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const ways = [{ transports: ["websocket"] }, { transports: ["polling"] }, {}];
  const open = (session) => Promise.all([...ways.map((way) => socket(t, session, way)), stream(t, session, postId)]);
  const [anns, bens] = await Promise.all([open(ann), open(ben)]);
  const ended = anns.map((heard) => {
    if (!heard.source) return new Promise((resolve) => heard.client.on("disconnect", resolve));
    // It reconnects by itself, and is refused for good then.
    return new Promise((resolve) => {
      heard.source.onerror = resolve;
    });
  });
  const begun = performance.now();
  await ann.post("/api/auth/logout");
  await Promise.all(ended);
  const took = performance.now() - begun;
  assert.ok(took < SECOND, `${took} ms`);
  await until("the stream is refused", () => anns.at(-1).source.readyState === 2);

  await feed.createComment(ben, postId, "still here");
  for (const heard of bens.slice(0, -1)) assert.ok(heard.client.connected);
  await bens.at(-1).event("comment_added");
});
