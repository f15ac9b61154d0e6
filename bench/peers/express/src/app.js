// The gateway. Read it from top to bottom: that is the order in which a request meets its policies.

import cookieParser from "cookie-parser";
import cors from "cors";
import express from "express";
import helmet from "helmet";
import { authenticate } from "./auth.js";
import { limiter } from "./limit.js";
import { proxy } from "./proxy.js";

/** Paths that nobody needs to be signed in for. */
const isPublic = (req) => req.path === "/graphql";

/** The application, and how to end what it holds open. */
export async function gateway({ targets, graphqlTargets, policies }) {
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", "loopback");
  app.get("/health", (req, res) => res.json({ status: "ok" }));
  let close = () => {};
  if (policies) {
    const limit = await limiter(policies.limit);
    close = limit.close;
    app.use(helmet());
    app.use(cors({ origin: policies.webOrigin, credentials: true }));
    app.use(cookieParser());
    app.use(authenticate(policies.jwt, (req) => !isPublic(req)));
    app.use(limit.middleware);
  }
  app.use(proxy(graphqlTargets, "/graphql"));
  app.use(proxy(targets));
  return { app, close };
}
