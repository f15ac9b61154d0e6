// Live connections that collect what they hear. Each is closed at the end of its test.

import assert from "node:assert/strict";
import { EventSource } from "eventsource";
import { io } from "socket.io-client";
import { EDGE_URL } from "./platform.mjs";
import { until } from "./until.mjs";

/** What was heard, in order. */
class Heard {
  events = [];

  /** The first event of this name that fits, once it is there. */
  event(name, fits = () => true, within = 5_000) {
    const found = () => this.events.find((event) => event.name === name && fits(event.data));
    return until(`event ${name}; heard ${JSON.stringify(this.events)}`, found, { within, every: 10 }).then(({ data }) => data);
  }

  /** Names of all events so far. */
  names() {
    return this.events.map(({ name }) => name);
  }
}

/**
 * A Socket.IO client through the edge, with the session's cookie unless told otherwise; connected, and upgraded to
 * WebSocket where it may be. A connection that breaks before that is made anew by the client itself, as in a browser.
 */
export async function socket(t, session, { url = EDGE_URL, path = "/notifications/socket.io", headers, ...options } = {}) {
  const client = io(url, {
    path,
    withCredentials: true,
    forceNew: true,
    reconnectionDelay: 50,
    extraHeaders: headers ?? session.headers(),
    ...options,
  });
  t.after(() => client.close());
  const heard = new Heard();
  client.onAny((name, data) => heard.events.push({ name, data }));
  let refused;
  client.on("connect_error", (error) => {
    if (!client.active) refused = error;
  });
  const wanted = (options.transports ?? ["polling", "websocket"]).at(-1);
  await until("a connected socket", () => refused || (client.connected && client.io.engine.transport.name === wanted), {
    every: 5,
  });
  if (refused) throw refused;
  const emit = (name, ...data) => client.timeout(5_000).emitWithAck(name, ...data);
  const subscribed = async (name, id) => assert.deepEqual(await emit(name, id), { ok: true });
  return Object.assign(heard, { client, emit, subscribed });
}

/** A subscriber to the comments of a post, connected. */
export async function comments(t, session, postId) {
  const url = `${EDGE_URL}/api/sse/comments/${postId}`;
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...session.headers("/api/sse") } }),
  });
  t.after(() => source.close());
  const heard = new Heard();
  for (const name of ["comment_added", "comment_updated", "comment_deleted"]) {
    source.addEventListener(name, ({ data }) => heard.events.push({ name, data: JSON.parse(data) }));
  }
  await new Promise((resolve, reject) => {
    source.onopen = resolve;
    source.onerror = ({ code, message }) => reject(new Error(`SSE ${code}: ${message}`));
  });
  return Object.assign(heard, { source });
}
