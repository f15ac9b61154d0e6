// Where the platform under test is, and how its programs are started and killed.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const address = (value) => value.replace(/\/+$/, "");

export const EDGE_URL = address(process.env.EDGE_URL ?? "http://localhost:8080");
export const EDGE_URLS = (process.env.EDGE_URLS ?? EDGE_URL).split(/[\s,]+/).filter(Boolean).map(address);
export const ADMIN_URL = address(process.env.ADMIN_URL ?? "http://127.0.0.1:9901");
export const ADMIN_URLS = (process.env.ADMIN_URLS ?? ADMIN_URL).split(/[\s,]+/).filter(Boolean).map(address);
export const NOTIFICATIONS_URL = address(process.env.NOTIFICATIONS_URL ?? "http://localhost:3005");

const DEV = process.env.DEV ?? "cargo dev";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `$DEV …`, for example `dev("kill", "posts")`. Fails with what it printed. */
export async function dev(...words) {
  const script = `${DEV} ${words.map((word) => `'${word}'`).join(" ")}`;
  try {
    return (await promisify(execFile)("sh", ["-c", script], { cwd: ROOT, timeout: 120_000 })).stdout;
  } catch (error) {
    throw new Error(`${script}: ${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}

/** The process id of a program's instance. */
export async function pidOf(name) {
  const status = JSON.parse(await dev("status", "--json"));
  return status.programs.find((program) => program.name === name).pid;
}
