// Comments, and their stream.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as feed from "./support/feed.mjs";
import { comments as stream } from "./support/live.mjs";
import { Session, problem, signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 60_000;

test("the README's comments", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const created = await ann.succeed(`mutation { createComment(input: { postId: ${postId} content: "Great post!" }) {
    success comment { id content author { username } createdAt } } }`);
  const { id, createdAt } = created.comment;
  const author = { username: ann.user.username };
  assert.deepEqual(created.comment, { id, content: "Great post!", author, createdAt });
  const read = await new Session().succeed(`query { getComments(postId: ${postId}) {
    success comments { id content author { username avatarUrl } createdAt } } }`);
  assert.deepEqual(read.comments, [{ id, content: "Great post!", author: { ...author, avatarUrl: null }, createdAt }]);
  const deleted = await ann.ask(`mutation { deleteComment(id: ${id}) { success message } }`);
  assert.equal(deleted.deleteComment.success, true);
  assert.deepEqual(await feed.commentsOf(ann, postId), []);
});

test("an author changes a comment, others do not", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id: postId } = await feed.createPost(ann);
  const { id } = await feed.createComment(ben, postId, "first");
  const { comment } = await ben.succeed(feed.updateCommentQuery, { id, input: { content: "second" } });
  assert.equal(comment.content, "second");
  const cid = await signUp();
  await cid.refused("FORBIDDEN", null, feed.updateCommentQuery, { id, input: { content: "third" } });
  await cid.refused("FORBIDDEN", null, feed.deleteCommentQuery, { id });
  assert.deepEqual((await feed.commentsOf(new Session(), postId)).map(({ content }) => content), ["second"]);
});

test("pages of comments miss nothing and repeat nothing", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const made = [];
  for (const at of [1, 2, 3, 4, 5]) made.push((await feed.createComment(ann, postId, `comment ${at}`)).id);
  const seen = [];
  let cursor = null;
  for (let more = true; more; ) {
    const { comments, pageInfo } = await ann.succeed(feed.getCommentsQuery, { postId, limit: 2, cursor });
    seen.push(...comments.map(({ id }) => id));
    assert.ok(seen.length <= made.length);
    [more, cursor] = [pageInfo.hasNextPage, pageInfo.endCursor];
  }
  assert.deepEqual([...seen].sort((a, b) => a - b), made);
});

test("a comment needs a user and a post", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  await new Session().refused("UNAUTHENTICATED", null, feed.createCommentQuery, { input: { postId, content: "x" } });
  const { id: gone } = await feed.createPost(ann);
  await ann.succeed(feed.deletePostQuery, { id: gone });
  for (const unknown of [gone, "999999999999"]) {
    await ann.refused("NOT_FOUND", "postId", feed.createCommentQuery, { input: { postId: unknown, content: "x" } });
  }
});

test("the post counts its comments", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const { id } = await feed.createComment(ann, postId);
  await feed.createComment(ann, postId);
  const counts = (count) => async () => (await feed.getPost(ann, postId)).commentCount === count;
  await until("two comments are counted", counts(2));
  await ann.succeed(feed.deleteCommentQuery, { id });
  await until("one comment is left", counts(1));
});

test("every subscriber hears of a comment's life, whichever instance it landed on", { timeout }, async (t) => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const { id: other } = await feed.createPost(ann);
  const subscribers = await Promise.all([1, 2, 3, 4].map(() => stream(t, ann, postId)));
  const elsewhere = await stream(t, ann, other);

  const comment = await feed.createComment(ann, postId, "live");
  for (const heard of subscribers) {
    const added = await heard.event("comment_added");
    assert.deepEqual([added.postId, added.commentId, added.comment.content], [postId, comment.id, "live"]);
    assert.equal(added.comment.author.username, ann.user.username);
  }
  await ann.succeed(feed.updateCommentQuery, { id: comment.id, input: { content: "changed" } });
  for (const heard of subscribers) assert.equal((await heard.event("comment_updated")).comment.content, "changed");
  await ann.succeed(feed.deleteCommentQuery, { id: comment.id });
  for (const heard of subscribers) {
    const deleted = await heard.event("comment_deleted");
    assert.deepEqual([deleted.postId, deleted.commentId], [postId, comment.id]);
    assert.deepEqual(heard.names(), ["comment_added", "comment_updated", "comment_deleted"], "each once, in order");
  }
  assert.deepEqual(elsewhere.names(), [], "another post's subscriber hears nothing");
});

test("the stream is for signed-in users, is not buffered, and says what it is", { timeout }, async (t) => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const path = `/api/sse/comments/${postId}`;
  await problem(await new Session().fetch(path), 401, "UNAUTHENTICATED");
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await ann.fetch(path, { headers: { accept: "text/event-stream" }, signal: stop.signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  assert.match(response.headers.get("cache-control"), /no-(cache|store)/);
});
