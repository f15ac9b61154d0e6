// Starts the gateway: one process, or WORKERS of them.

import cluster from "node:cluster";
import { gateway } from "./app.js";
import { settings } from "./settings.js";

const config = settings();

if (cluster.isPrimary && config.workers > 1) {
  supervise(config.workers);
} else {
  await serve(config);
}

/** Keeps `count` workers; one that dies is replaced until the gateway is told to end. */
function supervise(count) {
  let ending = false;
  for (let n = 0; n < count; n++) cluster.fork();
  cluster.on("exit", () => {
    if (!ending) cluster.fork();
  });
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      ending = true;
      for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGTERM");
    });
  }
}

async function serve({ host, port, ...rest }) {
  const { app, close } = await gateway(rest);
  const server = app.listen(port, host, (error) => {
    if (error) throw error;
    console.log(`listening on ${host}:${server.address().port}`);
  });
  // Longer than clients keep theirs, so that none is closed under a request.
  server.keepAliveTimeout = 75_000;
  const end = () => {
    close();
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
}
