// The service: Apollo Server in Express, in production's settings.

import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from "@apollo/server/plugin/disabled";
import { expressMiddleware } from "@as-integrations/express5";
import DataLoader from "dataloader";
import express from "express";
import { readFileSync } from "node:fs";
import * as cache from "./cache.js";
import * as database from "./database.js";
import * as posts from "./posts.js";
import { resolvers } from "./resolvers.js";
import * as users from "./users.js";

/** The application, and how to end what it holds open. */
export async function service(config) {
  const postsDb = database.connect(config.posts);
  const authDb = database.connect(config.auth);
  const pages = config.cache && (await cache.connect(config.cache));
  const read = (before, count) => posts.page(postsDb, before, count);
  const feed = (before, count) => (pages && before === null ? pages.first(count, () => read(before, count)) : read(before, count));
  const readUsers = (ids) => users.byIds(authDb, ids);
  const usersByIds = pages ? users.remembering(readUsers) : readUsers;

  // Loaders live as long as one request: one query for a page's authors.
  const context = async ({ req }) => {
    const userId = req.headers["x-user-id"] === undefined ? null : Number(req.headers["x-user-id"]);
    const authors = new DataLoader(async (ids) => {
      const found = await usersByIds(ids);
      return ids.map((id) => found.get(id) ?? null);
    });
    const likes = new DataLoader((ids) => posts.liked(postsDb, userId, ids));
    return { feed, authors, likes };
  };

  const apollo = new ApolloServer({
    typeDefs: readFileSync(new URL("./schema.graphql", import.meta.url), "utf8"),
    resolvers,
    introspection: false,
    includeStacktraceInErrorResponses: false,
    // main.js ends it.
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled()],
  });
  await apollo.start();

  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.get("/health", (req, res) => res.json({ status: "ok" }));
  app.use("/graphql", express.json({ limit: "1mb" }), expressMiddleware(apollo, { context }));
  const close = async () => {
    await apollo.stop();
    pages?.close();
    await Promise.all([postsDb.end(), authDb.end()]);
  };
  return { app, close };
}
