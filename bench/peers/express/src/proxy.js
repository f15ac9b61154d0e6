// The way to the services: kept connections, targets in turn.

import { Agent } from "node:http";
import { createProxyMiddleware } from "http-proxy-middleware";

/** A proxy to `targets`; `pathFilter` narrows it to paths that begin so. */
export function proxy(targets, pathFilter) {
  let turn = 0;
  return createProxyMiddleware({
    pathFilter,
    target: targets[0],
    router: () => targets[turn++ % targets.length],
    agent: new Agent({ keepAlive: true, maxSockets: 256, scheduling: "lifo" }),
    xfwd: true,
    proxyTimeout: 15_000,
  });
}
