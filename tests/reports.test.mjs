// The bench suite's pages in a real browser: a sample of every kind, on a desk, a tablet and a phone, light and dark.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch, tab } from "./support/browser.mjs";
import { complaints } from "./support/readable.mjs";
import { samples } from "./support/reports.mjs";

const timeout = 60_000;
const SCREENS = [
  { width: 1280, height: 900 },
  { width: 768, height: 1024 },
  { width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
];

const [{ all, remove }, browser] = await Promise.all([samples(), launch()]);
after(() => Promise.all([remove(), browser.close()]));

for (const screen of SCREENS) {
  const { page, visit, said, asked } = await tab(browser, screen);
  for (const { name, url, facts } of all) {
    test(`${name} at ${screen.width} px`, { timeout }, async () => {
      await visit(url);
      const text = (await page.evaluate(() => document.body.innerText)).replace(/\s+/g, " ");
      assert.deepEqual(facts.filter((fact) => !text.includes(fact)), [], "not on the page");
      if (/^(run|peers|feed)/.test(name)) assert.ok(await page.locator("figure svg[role=img]").count(), "no chart");
      // What is folded away must be readable, too.
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
      const papers = new Set();
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await page.evaluate(complaints, screen.width), [], colorScheme);
        papers.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      }
      assert.equal(papers.size, 2, "one colour of paper, light and dark");
      assert.deepEqual(said(), [], "the browser complains");
      assert.deepEqual(asked(), [url], "requests");
    });
  }
}
