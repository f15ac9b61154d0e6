// What an editor makes of conf/edge.schema.json: yaml-language-server, which VS Code and others run, as they run it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import rpc from "vscode-jsonrpc/node.js";

const CONF = fileURLToPath(new URL("../conf/", import.meta.url));
const SERVER = createRequire(import.meta.url).resolve("yaml-language-server/bin/yaml-language-server");

let server;
let editor;
let opened = 0;
const told = new Map();

before(async () => {
  server = spawn(process.execPath, [SERVER, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  editor = rpc.createMessageConnection(
    new rpc.StreamMessageReader(server.stdout),
    new rpc.StreamMessageWriter(server.stdin),
  );
  // The settings are a user's defaults: validation and completion, and no catalogue of schemas from outside.
  editor.onRequest("workspace/configuration", ({ items }) =>
    items.map(({ section }) =>
      section === "yaml" ? { validate: true, completion: true, schemaStore: { enable: false } } : null,
    ),
  );
  editor.onRequest("client/registerCapability", () => null);
  editor.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }) => told.get(uri)?.(diagnostics));
  editor.listen();
  const root = pathToFileURL(CONF).href;
  await editor.sendRequest("initialize", {
    processId: process.pid,
    rootUri: root,
    workspaceFolders: [{ uri: root, name: "conf" }],
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true },
      textDocument: { publishDiagnostics: { versionSupport: true }, completion: {} },
    },
  });
  await editor.sendNotification("initialized", {});
});

after(() => {
  editor?.dispose();
  server?.kill();
});

/** Opens the text as a file beside the shipped one: its address, and what the editor underlines. */
async function open(text) {
  opened += 1;
  const uri = pathToFileURL(`${CONF}edited-${opened}.yaml`).href;
  const heard = new Promise((resolve) => told.set(uri, resolve));
  await editor.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "yaml", version: 1, text },
  });
  const found = (await heard).map(({ message, range }) => ({ line: range.start.line + 1, message }));
  return { uri, found };
}

/** What is offered at the end of the text. */
async function offered(text) {
  const { uri } = await open(text);
  const lines = text.split("\n");
  const position = { line: lines.length - 1, character: lines.at(-1).length };
  const answer = await editor.sendRequest("textDocument/completion", { textDocument: { uri }, position });
  return (answer.items ?? answer).map(({ label }) => label);
}

const shipped = await readFile(`${CONF}edge.yaml`, "utf8");

/** The shipped file with one part changed, and the line of the change. */
function changed(from, to) {
  assert.ok(shipped.includes(from), from);
  const text = shipped.replace(from, to);
  return { text, line: shipped.slice(0, shipped.indexOf(from)).split("\n").length };
}

test("the shipped file is clean", async () => {
  assert.deepEqual((await open(shipped)).found, []);
});

test("slips are underlined where they stand", async () => {
  const slips = [
    ["upstream: media\n", "upsteam: media\n", /upsteam/],
    ["trusted_proxies: []", "trusted_proxy: []", /trusted_proxy/],
    ["max_body: 51MiB", "max_body: 51 MB", /pattern|match/],
    ["request: 2m", "request: 2", /type|string/],
    ["streaming: sse", "streaming: see", /sse/],
    ["allow_credentials: true", "allow_credentials: yes", /boolean|type|pattern/],
    ["algorithm: window", "algorithm: windows", /window/],
  ];
  for (const [from, to, what] of slips) {
    const { text, line } = changed(from, to);
    const { found } = await open(text);
    assert.ok(
      found.some((one) => one.line === line && what.test(one.message)),
      `${to}, line ${line}: ${JSON.stringify(found)}`,
    );
  }
});

test("keys of a route are completed, with those of the maps in it", async () => {
  const head = shipped.slice(0, shipped.indexOf("  auth_health:"));
  const keys = await offered(`${head}  new_route:\n    `);
  for (const key of ["match", "auth", "upstream", "graphql", "max_body", "timeouts", "retries", "streaming", "cors"]) {
    assert.ok(keys.includes(key), `${key} is not among ${keys}`);
  }
  const matching = await offered(`${head}  new_route:\n    match:\n      `);
  for (const key of ["path", "paths", "path_prefix", "methods"]) {
    assert.ok(matching.includes(key), `${key} is not among ${matching}`);
  }
  const kinds = await offered(`${head}  new_route:\n    streaming: `);
  assert.deepEqual(kinds.sort(), ["sse", "websocket"]);
});
