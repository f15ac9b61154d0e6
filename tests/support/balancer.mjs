// A plain TCP balancer in front of the edges: each new connection goes to the next of them, whatever it carries.

import { connect, createServer } from "node:net";
import { once } from "node:events";

/** Listens on a free port until the test ends. `heard(pattern)` counts how often the edges said something. */
export async function balancer(t, urls) {
  const targets = urls.map((url) => new URL(url));
  const open = new Set();
  let turn = 0;
  let said = "";
  const server = createServer((client) => {
    const { hostname: host, port } = targets[turn++ % targets.length];
    const edge = connect({ host, port: Number(port), noDelay: true });
    client.setNoDelay(true);
    for (const [one, other] of [[client, edge], [edge, client]]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    edge.on("data", (bytes) => {
      said += bytes.toString("latin1");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    heard: (pattern) => said.match(new RegExp(pattern, "g"))?.length ?? 0,
  };
}
