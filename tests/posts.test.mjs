// Posts, likes and the feed.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as feed from "./support/feed.mjs";
import { Session, signUp } from "./support/session.mjs";

const timeout = 60_000;

test("the README's createPost, postType as a string and as a word", { timeout }, async () => {
  const ann = await signUp();
  for (const type of ['\\"TEXT\\"', "TEXT"]) {
    const body = `{"query":"mutation { createPost(input: { content: \\"Hello World\\", postType: ${type} }) { success post { id content postType } } }"}`;
    const response = await ann.fetch("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body });
    assert.equal(response.status, 200);
    const { data } = await response.json();
    const { id } = data.createPost.post;
    assert.match(id, /^[1-9]\d*$/);
    assert.deepEqual(data, { createPost: { success: true, post: { id, content: "Hello World", postType: "TEXT" } } });
  }
});

test("the README's feed", { timeout }, async () => {
  const ann = await signUp();
  const post = await feed.createPost(ann, "in the feed");
  const query = "query { getPosts(input: { limit: 10 }) { success posts { id content author { username } createdAt } pageInfo { hasNextPage endCursor } } }";
  const { posts } = await ann.succeed(query);
  const found = posts.find(({ id }) => id === post.id);
  assert.deepEqual(found, { id: post.id, content: "in the feed", author: { username: ann.user.username }, createdAt: post.createdAt });
});

test("a new post has all its fields, and anybody may read it", { timeout }, async () => {
  const ann = await signUp();
  const input = { content: "with a picture", postType: "IMAGE", mediaUrls: ["https://example.com/a.png"] };
  const { post } = await ann.succeed(feed.createPostQuery, { input });
  const { id, username, fullName, avatarUrl } = ann.user;
  assert.deepEqual(post, {
    ...input,
    id: post.id,
    author: { id, username, fullName, avatarUrl },
    likeCount: 0,
    likedByMe: false,
    commentCount: 0,
    createdAt: post.createdAt,
    updatedAt: post.updatedAt,
  });
  assert.ok(Math.abs(Date.now() - Date.parse(post.createdAt)) < 60_000, post.createdAt);
  assert.deepEqual(await feed.getPost(new Session(), post.id), post);
  const literal = await new Session().succeed(`{ getPost(id: ${post.id}) { success post { id } } }`);
  assert.equal(literal.post.id, post.id, "a number is an id too");
});

test("the feed is newest first, and its pages hold still while posts are added", { timeout }, async () => {
  const ann = await signUp();
  const mine = [];
  for (const at of [1, 2, 3, 4, 5]) mine.unshift((await feed.createPost(ann, `page ${at}`)).id);
  const seen = [];
  let cursor = null;
  for (let page = 0; page < 200 && !mine.every((id) => seen.includes(id)); page += 1) {
    const { posts, pageInfo } = await new Session().succeed(feed.getPostsQuery, { input: { limit: 2, cursor } });
    assert.ok(posts.length <= 2);
    seen.push(...posts.map(({ id }) => id));
    assert.ok(pageInfo.hasNextPage || mine.every((id) => seen.includes(id)));
    cursor = pageInfo.endCursor;
    if (page < 3) await feed.createPost(ann, "in between");
  }
  assert.equal(new Set(seen).size, seen.length, "nothing twice");
  assert.deepEqual(seen.filter((id) => mine.includes(id)), mine, "nothing missed, newest first");
});

test("a like counts once, and is mine alone", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id } = await feed.createPost(ann);
  for (const _ of [1, 2]) {
    const { post } = await ben.succeed(feed.likePostQuery, { id });
    assert.deepEqual([post.likeCount, post.likedByMe], [1, true]);
  }
  assert.deepEqual([(await feed.getPost(ann, id)).likeCount, (await feed.getPost(ann, id)).likedByMe], [1, false]);
  for (const _ of [1, 2]) {
    const { post } = await ben.succeed(feed.unlikePostQuery, { id });
    assert.deepEqual([post.likeCount, post.likedByMe], [0, false]);
  }
});

test("many likes at once are counted exactly", { timeout }, async () => {
  const ann = await signUp();
  const { id } = await feed.createPost(ann);
  const fans = await Promise.all([1, 2, 3, 4].map(() => signUp()));
  await Promise.all([...fans, ...fans].map((fan) => fan.succeed(feed.likePostQuery, { id })));
  assert.equal((await feed.getPost(ann, id)).likeCount, fans.length);
});

test("an author changes and deletes a post", { timeout }, async () => {
  const ann = await signUp();
  const { id, createdAt } = await feed.createPost(ann, "first");
  const { post } = await ann.succeed(feed.updatePostQuery, { id, input: { content: "second" } });
  assert.deepEqual([post.content, post.createdAt], ["second", createdAt]);
  assert.equal((await feed.getPost(new Session(), id)).content, "second", "no stale copy");
  await ann.succeed(feed.deletePostQuery, { id });
  await ann.refused("NOT_FOUND", null, "query ($id: ID!) { getPost(id: $id) { success code message field } }", { id });
});

test("another's post stays as it is", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id } = await feed.createPost(ann, "mine");
  await ben.refused("FORBIDDEN", null, feed.updatePostQuery, { id, input: { content: "yours" } });
  await ben.refused("FORBIDDEN", null, feed.deletePostQuery, { id });
  assert.equal((await feed.getPost(ann, id)).content, "mine");
});

test("writing needs a user", { timeout }, async () => {
  const ann = await signUp();
  const { id } = await feed.createPost(ann);
  const nobody = new Session();
  await nobody.refused("UNAUTHENTICATED", null, feed.createPostQuery, { input: { content: "x" } });
  for (const query of [feed.deletePostQuery, feed.likePostQuery, feed.unlikePostQuery]) {
    await nobody.refused("UNAUTHENTICATED", null, query, { id });
  }
});
