// Uploads and stored files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GIF, PNG, form, mp4, png } from "./support/files.mjs";
import { EDGE_URL } from "./support/platform.mjs";
import { Session, problem, signUp } from "./support/session.mjs";

const timeout = 120_000;
const MiB = 1024 * 1024;

const upload = (session, kind, body) => session.fetch(`/api/media/upload/${kind}`, { method: "POST", body });

async function uploaded(session, kind, content) {
  const response = await upload(session, kind, form(kind, content));
  const body = await response.json();
  assert.ok(response.ok, JSON.stringify(body));
  assert.equal(body.success, true);
  assert.deepEqual(Object.keys(body).sort(), ["public_id", "success", "url"]);
  return body;
}

test("the README's upload; anybody may fetch the file, from a cache for ever", { timeout }, async () => {
  const ann = await signUp();
  const { url } = await uploaded(ann, "image", PNG);
  const address = new URL(url, EDGE_URL);
  assert.equal(address.origin, new URL(EDGE_URL).origin, "the address is the edge's");
  const file = await new Session().fetch(address.href);
  assert.equal(file.status, 200);
  assert.equal(file.headers.get("content-type"), "image/png");
  assert.match(file.headers.get("cache-control"), /immutable/);
  assert.equal(file.headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), PNG);
  const again = await new Session().fetch(address.href, { headers: { "if-none-match": file.headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("content decides, not the name", { timeout }, async () => {
  const ann = await signUp();
  const { url } = await uploaded(ann, "image", GIF);
  assert.match(url, /\.gif$/);
  const text = form("image", Buffer.from("<script>alert(1)</script>"), "photo.png");
  await problem(await upload(ann, "image", text), 415, "UNSUPPORTED_FILE", "image");
  await problem(await upload(ann, "video", form("video", PNG, "clip.mp4")), 415, "UNSUPPORTED_FILE", "video");
  await problem(await upload(ann, "image", form("image", mp4(1_000))), 415, "UNSUPPORTED_FILE", "image");
});

test("ranges of a file", { timeout }, async () => {
  const ann = await signUp();
  const content = mp4(200_000);
  const { url } = await uploaded(ann, "video", content);
  const range = (value) => new Session().fetch(url, { headers: { range: value } });
  for (const [value, from, to] of [["bytes=0-0", 0, 0], ["bytes=1000-1999", 1_000, 1_999], ["bytes=-10", 199_990, 199_999], ["bytes=199999-", 199_999, 199_999]]) {
    const part = await range(value);
    assert.equal(part.status, 206, value);
    assert.equal(part.headers.get("content-range"), `bytes ${from}-${to}/200000`);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), content.subarray(from, to + 1));
  }
  const outside = await range("bytes=200000-");
  assert.equal(outside.headers.get("content-range"), "bytes */200000");
  await problem(outside, 416, "RANGE_NOT_SATISFIABLE");
});

test("five megabytes are an image's most, and the refusal can be read", { timeout }, async () => {
  const ann = await signUp();
  await uploaded(ann, "image", png(5 * MiB));
  await problem(await upload(ann, "image", form("image", png(5 * MiB + 1))), 413, "BODY_TOO_LARGE", "image");
  await problem(await upload(ann, "image", form("image", png(20 * MiB))), 413, "BODY_TOO_LARGE", "image");
});

test("fifty megabytes are a video's most", { timeout }, async () => {
  const ann = await signUp();
  const { url } = await uploaded(ann, "video", mp4(50 * MiB));
  const head = await new Session().fetch(url, { headers: { range: "bytes=52428799-" } });
  assert.equal(head.headers.get("content-range"), "bytes 52428799-52428799/52428800");
  await problem(await upload(ann, "video", form("video", mp4(50 * MiB + 1))), 413, "BODY_TOO_LARGE", "video");
});

test("uploads need a user and a readable form", { timeout }, async () => {
  await problem(await upload(new Session(), "image", form("image", PNG)), 401, "UNAUTHENTICATED");
  const ann = await signUp();
  await problem(await upload(ann, "image", form("picture", PNG)), 400, "VALIDATION_FAILED", "image");
  await problem(await upload(ann, "image", form("image", Buffer.alloc(0))), 400, "VALIDATION_FAILED", "image");
  const broken = { method: "POST", headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x\r\nnonsense" };
  await problem(await ann.fetch("/api/media/upload/image", broken), 400, "MALFORMED_MULTIPART");
  await problem(await ann.post("/api/media/upload/image", { image: "x" }), 415, "UNSUPPORTED_MEDIA_TYPE");
});

test("the owner deletes a file, nobody else", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { url, public_id } = await uploaded(ann, "image", PNG);
  const remove = (session) => session.fetch(`/api/media/${public_id}`, { method: "DELETE" });
  await problem(await remove(new Session()), 401, "UNAUTHENTICATED");
  await problem(await remove(ben), 403, "FORBIDDEN");
  assert.equal((await new Session().fetch(url)).status, 200);
  assert.equal((await remove(ann)).status, 200);
  await problem(await new Session().fetch(url), 404, "NOT_FOUND");
  await problem(await remove(ann), 404, "NOT_FOUND");
});
