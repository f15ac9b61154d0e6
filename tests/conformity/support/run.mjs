// Programs that judge us.

import { execFile } from "node:child_process";
import { join } from "node:path";

/** One of the programs of `requirements.txt`: where `cargo dev test` installed it, else by `PATH`. */
export const ofPython = (name) => (process.env.PYTHON_TOOLS ? join(process.env.PYTHON_TOOLS, name) : name);

/** Runs a program to its end: `{ code, output }`, with what it printed on either stream. Takes `input` on its own. */
export function run(program, args, { input, within = 120_000, ...options } = {}) {
  return new Promise((done, failed) => {
    const settings = { timeout: within, killSignal: "SIGKILL", maxBuffer: 64 << 20, ...options };
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") return failed(error);
      return done({ code: error?.code ?? 0, output: stdout + stderr });
    });
    child.stdin.end(input);
  });
}
