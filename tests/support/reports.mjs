// Samples of the bench suite's reports, as its own code writes them.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** All samples, each with its address and what must be read on it, and a function that removes them. */
export async function samples() {
  const dir = await mkdtemp(join(tmpdir(), "reports-"));
  await run(await program(), [dir]);
  const all = JSON.parse(await readFile(join(dir, "samples.json"), "utf8"));
  for (const sample of all) sample.url = pathToFileURL(join(dir, `${sample.name}.html`)).href;
  return { all, remove: () => rm(dir, { recursive: true }) };
}

/** What writes them. Built with the features of the whole workspace: the crates' tests have built it so already. */
async function program() {
  const words = ["build", "--quiet", "--locked", "--workspace", "--example", "samples", "--message-format=json"];
  const { stdout } = await run("cargo", words, { cwd: ROOT, maxBuffer: 1 << 26 });
  const messages = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return messages.find((message) => message.target?.name === "samples" && message.executable).executable;
}
