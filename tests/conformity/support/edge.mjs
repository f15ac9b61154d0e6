// An edge in a process of its own, for one file of tests.

import { spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAM = process.env.EDGE_PROGRAM ?? join(ROOT, "target/debug/edge");

/** A port that nobody listens on at this moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/**
 * Starts an edge with these `upstreams`, `routes` and further sections, as JSON is YAML too, and waits until it serves. `https` is the
 * listener with TLS, if there is to be one.
 * Quotas and sessions are of no account here, so it does well without Redis.
 */
export async function startEdge({ upstreams, routes, https, ...sections }) {
  const directory = await mkdtemp(join(tmpdir(), "newfeed-conformity-"));
  // Between finding a free port and binding it somebody else may take it.
  for (let attempt = 1; ; attempt++) {
    const edge = new Edge(directory, await freePort(), await freePort());
    try {
      await edge.start({ upstreams, routes, ...sections }, https);
      return edge;
    } catch (error) {
      await edge.end();
      if (attempt === 3) throw error;
    }
  }
}

class Edge {
  constructor(directory, port, adminPort) {
    this.directory = directory;
    this.port = port;
    this.address = `127.0.0.1:${port}`;
    this.admin = `127.0.0.1:${adminPort}`;
    this.log = join(directory, "edge.log");
  }

  async start(sections, https) {
    const config = {
      version: 1,
      admin: { bind: this.admin, token_file: join(this.directory, "admin.token") },
      listeners: { http: { bind: this.address }, https },
      redis: { url: process.env.REDIS_URL ?? "redis://127.0.0.1:6379" },
      ...sections,
    };
    const file = join(this.directory, "edge.yaml");
    await writeFile(file, JSON.stringify(config, null, 2));
    const log = await open(this.log, "w");
    const env = { ...process.env, SERVICE_TOKEN: "a-token-of-the-tests-of-conformity-alone" };
    const stdio = ["ignore", log.fd, log.fd];
    this.process = spawn(PROGRAM, ["run", "--config", file], { cwd: ROOT, env, stdio });
    this.ended = new Promise((ended) => this.process.once("exit", ended).once("error", ended));
    await log.close();
    await Promise.race([
      until("the edge serves", () => this.serves()),
      this.ended.then(async () => {
        throw new Error(`the edge ended:\n${await this.written()}`);
      }),
    ]);
  }

  /** Whether both listeners answer, whatever they say. */
  async serves() {
    await fetch(`http://${this.address}/`, { method: "HEAD" });
    await fetch(`http://${this.admin}/health`);
    return true;
  }

  /** What it wrote. */
  written() {
    return readFile(this.log, "utf8");
  }

  /** Ends it, if it still runs. */
  async end() {
    this.process?.kill("SIGKILL");
    await this.ended;
  }

  /** Ends it and forgets what it wrote. A panic in its log is a failure whatever its clients saw. */
  async stop() {
    await this.end();
    const text = await this.written();
    if (/panicked at/.test(text)) throw new Error(`the edge panicked:\n${text}`);
    await rm(this.directory, { recursive: true });
  }
}
