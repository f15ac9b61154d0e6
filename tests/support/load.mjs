// Clients that go on and on, and remember what went wrong.

import { Agent, request } from "node:http";
import { connect, constants } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";

/** What all clients of a load have in common: where it goes, whether it is over, what failed. */
export class Load {
  over = false;
  answers = {};
  failures = [];
  running = [];

  constructor(url) {
    this.url = url;
  }

  start(work) {
    this.running.push(work());
  }

  /** Ends it; returns when all clients have. */
  async stop() {
    this.over = true;
    await Promise.all(this.running);
  }

  #judge(kind, what, status, body) {
    const failed = status !== 200 || /"errors":|"success":false/.test(body);
    if (failed) this.failures.push(`${kind} ${what}: ${status} ${body.slice(0, 300)}`);
    else this.answers[kind] = (this.answers[kind] ?? 0) + 1;
  }

  /** A client of HTTP/1.1 that asks in turn; `agent: false` takes a connection for each request. */
  http1(asks, keepAlive) {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    this.start(async () => {
      for (let turn = 0; !this.over; turn += 1) {
        const { method = "GET", path, headers, body } = asks[turn % asks.length];
        try {
          const [status, text] = await new Promise((resolve, reject) => {
            const asked = request(`${this.url}${path}`, { agent, method, headers }, async (answer) => {
              try {
                resolve([answer.statusCode, (await answer.toArray()).join("")]);
              } catch (error) {
                reject(error);
              }
            });
            asked.on("error", reject).end(body);
          });
          this.#judge(keepAlive ? "h1" : "h1 close", `${method} ${path}`, status, text);
        } catch (error) {
          this.failures.push(`h1 ${method} ${path}: ${error.message}`);
        }
        await pause(5);
      }
      agent.destroy();
    });
  }

  /** A client of HTTP/2 that begins with it. Where the edge says goodbye it connects anew. */
  http2(asks) {
    this.start(async () => {
      let session;
      for (let turn = 0; !this.over; turn += 1) {
        const { method = "GET", path, headers, body } = asks[turn % asks.length];
        if (!session || session.closed || session.destroyed) {
          session = connect(this.url);
          session.on("error", () => {});
        }
        let stream;
        try {
          stream = session.request({ ":method": method, ":path": path, ...headers });
          stream.end(body);
          const status = new Promise((resolve, reject) => {
            stream.on("response", (fields) => resolve(fields[":status"])).on("error", reject);
            stream.on("close", () => reject(new Error(`no answer, code ${stream.rstCode}`)));
          });
          const [got, text] = await Promise.all([status, stream.toArray().then((parts) => parts.join(""))]);
          this.#judge("h2", `${method} ${path}`, got, text);
        } catch (error) {
          // Nobody has seen it: Node had taken it up when the connection's GOAWAY came, and refuses it itself (RFC 9113, section 8.7).
          if (stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM) turn -= 1;
          else this.failures.push(`h2 ${method} ${path}: ${error.message}`);
        }
        await pause(5);
      }
      session?.close();
    });
  }

  /** A client of an event stream, which comes again when it is told to. */
  events(path, headers) {
    this.start(async () => {
      while (!this.over) {
        let wait = 100;
        const ended = new AbortController();
        const watch = setInterval(() => this.over && ended.abort(), 50);
        try {
          // A connection of its own, as each has in a browser.
          const answer = await new Promise((resolve, reject) => {
            request(`${this.url}${path}`, { agent: false, headers, signal: ended.signal }, resolve).on("error", reject).end();
          });
          let text = "";
          for await (const piece of answer) text += piece.toString();
          if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`);
          wait = Number(/retry: (\d+)/.exec(text)?.[1] ?? wait);
          this.answers.events = (this.answers.events ?? 0) + 1;
        } catch (error) {
          if (!this.over) this.failures.push(`events: ${error.message}`);
        }
        clearInterval(watch);
        await pause(this.over ? 0 : wait);
      }
    });
  }
}

/** Sockets that stay open and come again when they are closed. `closes` tells of each end: whose, when, with which status. */
export class Sockets {
  closes = [];
  failures = [];
  open = new Map();
  over = false;

  constructor(url, token, headers, count) {
    Object.assign(this, { url: `${url.replace("http", "ws")}/notifications/socket.io/?EIO=4&transport=websocket`, token, headers });
    for (let client = 0; client < count; client += 1) this.#connect(client);
  }

  #connect(client) {
    if (this.over) return;
    const socket = new WebSocket(this.url, { headers: this.headers });
    this.open.set(client, { socket, joined: false });
    socket.on("message", (bytes) => {
      const text = bytes.toString();
      if (text.startsWith("0")) socket.send(`40${JSON.stringify({ token: this.token })}`);
      if (text === "2") socket.send("3");
      if (text.startsWith("40")) this.open.get(client).joined = true;
      if (text.startsWith("41") || text.startsWith("44")) this.failures.push(`socket: ${text}`);
    });
    socket.on("error", (error) => this.failures.push(`socket: ${error.message}`));
    socket.on("close", (status) => {
      if (this.over) return;
      this.closes.push({ client, status, at: performance.now() });
      this.open.delete(client);
      setTimeout(() => this.#connect(client), Math.random() * 200);
    });
  }

  /** How many are connected and known to the service. */
  joined() {
    return [...this.open.values()].filter(({ joined }) => joined).length;
  }

  stop() {
    this.over = true;
    for (const { socket } of this.open.values()) socket.terminate();
  }
}
