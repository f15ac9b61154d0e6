// One /graphql over two services.

import assert from "node:assert/strict";
import { test } from "node:test";
import { buildClientSchema, getIntrospectionQuery } from "graphql";
import { auditServer } from "graphql-http";
import * as feed from "./support/feed.mjs";
import { EDGE_URL } from "./support/platform.mjs";
import { Session, freshAddress, signUp } from "./support/session.mjs";

const timeout = 60_000;

test("a request may mix both services' fields, by POST and by GET", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann, "mixed");
  await feed.createComment(ann, postId, "here too");
  const query = `query Both($id: ID!, $more: Boolean = false) {
    comments: getComments(postId: $id) { ...C }
    __typename
    getPost(id: $id) { post { content author { ...Who } } }
    ... on Query { second: getPosts(input: { limit: 1 }) @include(if: $more) { success } }
  }
  fragment C on CommentsPayload { comments { content author { ...Who } } }
  fragment Who on User { username }`;
  const author = { username: ann.user.username };
  const expected = {
    comments: { comments: [{ content: "here too", author }] },
    __typename: "Query",
    getPost: { post: { content: "mixed", author } },
  };
  const posted = await ann.ask(query, { id: postId });
  assert.deepEqual(posted, expected);
  assert.deepEqual(Object.keys(posted), Object.keys(expected), "in the document's order");
  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id: Number(postId), more: true }) });
  const got = await (await new Session().fetch(`/graphql?${parameters}`)).json();
  assert.deepEqual(got, { data: { ...expected, second: { success: true } } });
});

test("mutations happen in the document's order, across services", { timeout }, async () => {
  const ann = await signUp();
  const { id } = await feed.createPost(ann, "one");
  const data = await ann.ask(
    `mutation ($id: ID!) {
      before: createComment(input: { postId: $id, content: "in time" }) { success }
      gone: deletePost(id: $id) { success }
      after: createComment(input: { postId: $id, content: "too late" }) { success code }
    }`,
    { id },
  );
  assert.deepEqual(data, { before: { success: true }, gone: { success: true }, after: { success: false, code: "NOT_FOUND" } });
});

test("a GET never changes anything", { timeout }, async () => {
  const ann = await signUp();
  const { id } = await feed.createPost(ann);
  const parameters = new URLSearchParams({ query: `mutation { deletePost(id: ${id}) { success } }` });
  const response = await ann.fetch(`/graphql?${parameters}`);
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "POST");
  assert.equal((await response.json()).errors[0].extensions.code, "METHOD_NOT_ALLOWED");
  assert.equal((await feed.getPost(ann, id)).id, id);
});

test("graphql-js understands the schema", { timeout }, async () => {
  const schema = buildClientSchema(await new Session().ask(getIntrospectionQuery()));
  const fields = (type) => Object.keys(type.getFields()).sort();
  assert.deepEqual(fields(schema.getQueryType()), ["getComments", "getPost", "getPosts"]);
  assert.deepEqual(fields(schema.getMutationType()), [
    "createComment", "createPost", "deleteComment", "deletePost", "likePost", "unlikePost", "updateComment", "updatePost",
  ]);
});

test("it is a GraphQL-over-HTTP server, says the specification's audit", { timeout }, async () => {
  const address = freshAddress();
  const audited = await auditServer({
    url: `${EDGE_URL}/graphql`,
    fetchFn: (input, init) => fetch(input, { ...init, headers: { ...init?.headers, "x-forwarded-for": address } }),
  });
  // "MUST" and "SHOULD"; a "notice" is about what a server MAY do.
  const failed = audited.filter(({ status }) => status === "error" || status === "warn");
  assert.deepEqual(failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`), []);
  assert.ok(audited.length > 40);
});

test("errors have stable codes, and a status where the format tells", { timeout }, async () => {
  const cases = [
    [{ query: "{ getPosts {" }, "GRAPHQL_PARSE_FAILED"],
    [{ query: "{ nothing }" }, "GRAPHQL_VALIDATION_FAILED"],
    [{ query: "query ($id: ID!) { getPost(id: $id) { success } }" }, "VALIDATION_FAILED", "variables.id"],
    [{ query: "query A { __typename } query B { __typename }" }, "BAD_REQUEST", "operationName"],
    [{ query: "{ a: getPosts { success } a: getComments(postId: 1) { success } }" }, "GRAPHQL_VALIDATION_FAILED"],
  ];
  for (const [body, code, field] of cases) {
    for (const [accept, status] of [["application/json", 200], ["application/graphql-response+json", 400]]) {
      const response = await new Session().post("/graphql", body, { headers: { accept } });
      const answer = await response.json();
      assert.equal(response.status, status, JSON.stringify(answer));
      assert.match(response.headers.get("content-type"), new RegExp(`^${accept.replace("+", "\\+")}`));
      assert.equal(answer.data, undefined);
      assert.deepEqual([answer.errors[0].extensions.code, answer.errors[0].extensions.field], [code, field]);
    }
  }
});

test("documents that ask for too much are refused at once", { timeout }, async () => {
  const deep = `{ ${"a { ".repeat(5_000)} b ${"} ".repeat(5_000)} }`;
  const aliases = `{ ${Array.from({ length: 500 }, (_, at) => `a${at}: getPosts { success }`).join(" ")} }`;
  const circle = "{ ...A } fragment A on Query { ...A }";
  for (const query of [deep, aliases, circle, "{".repeat(500_000)]) {
    const began = performance.now();
    const { errors, data } = await new Session().graphql(query);
    assert.equal(data, undefined);
    assert.match(errors[0].extensions.code, /^GRAPHQL_/);
    assert.ok(performance.now() - began < 2_000);
  }
});
