// Requests as bytes, and answers as they came.

import { connect } from "node:net";

/**
 * Sends a head, and maybe a body, and gives all that comes until the connection ends, or until `enough` of it has come:
 * `{ request, response, at }`, the head that was sent, the bytes of the answer and when its first came, in seconds of 1970.
 */
export function exchange(address, line, fields = {}, { body = "", enough = () => false } = {}) {
  const [host, port] = address.split(":");
  const all = { Host: "a.example", "User-Agent": "newfeed-tests", Connection: "close", ...fields };
  if (body) all["Content-Length"] = Buffer.byteLength(body);
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const request = [`${line} HTTP/1.1`, ...lines, "", ""].join("\r\n");
  return new Promise((done, failed) => {
    const pieces = [];
    let at;
    const finish = () => {
      socket.destroy();
      done({ request, response: Buffer.concat(pieces), at });
    };
    const socket = connect(Number(port), host, () => socket.write(request + body));
    socket.setTimeout(20_000, () => failed(new Error(`${line}: no end within 20 s`)));
    socket.on("data", (piece) => {
      at ??= Date.now() / 1000;
      pieces.push(piece);
      if (enough(Buffer.concat(pieces))) finish();
    });
    socket.on("end", finish).on("error", failed);
  });
}

/** The status of an answer. */
export const statusOf = ({ response }) => Number(response.subarray(9, 12).toString());

/** A field of an answer. */
export const field = ({ response }, name) =>
  response.toString("latin1").split("\r\n\r\n")[0].match(new RegExp(`^${name}: (.*)\\r?$`, "im"))?.[1];
