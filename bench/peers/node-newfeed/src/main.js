// Starts the service.

import { service } from "./app.js";
import { settings } from "./settings.js";

const { host, port, ...config } = settings();
const { app, close } = await service(config);
const server = app.listen(port, host, (error) => {
  if (error) throw error;
  console.log(`listening on ${host}:${server.address().port}`);
});
// Longer than the gateway keeps its own, so that none is closed under a request.
server.keepAliveTimeout = 75_000;

const end = () => {
  server.close(() => close().then(() => process.exit(0)));
  server.closeIdleConnections();
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
