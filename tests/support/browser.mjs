// Chromium as Debian ships it, without a window.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

/** Starts it with a profile of its own that is gone afterwards. Names do not resolve, so nothing can be reached by one. */
export function launch() {
  const places = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, "chromium"));
  const executablePath = places.find(existsSync);
  if (!executablePath) throw new Error("chromium is not installed; cure: cargo dev doctor --install");
  const args = ["--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND"];
  return chromium.launch({ executablePath, args });
}

/** A page that keeps what its console said and what it asked the network for since it was sent to an address. */
export async function tab(browser, { width, height, ...device }) {
  const page = await browser.newPage({ viewport: { width, height }, ...device });
  let said = [];
  let asked = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  const visit = async (url) => {
    [said, asked] = [[], []];
    await page.goto(url);
  };
  return { page, visit, said: () => said, asked: () => asked };
}
