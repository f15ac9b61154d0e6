// What httplint finds in answers.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { statusOf } from "./raw.mjs";
import { ofPython, run } from "./run.mjs";

const SCRIPT = fileURLToPath(new URL("../lint/lint.py", import.meta.url));

/** Answers by name, each with the status that it must have; `judge` lets httplint see them all. */
export class Answers {
  #all = [];

  /** Keeps an answer. */
  add(name, status, answer) {
    assert.equal(statusOf(answer), status, `${name}: ${answer.response}`);
    this.#all.push({ name, ...answer });
    return answer;
  }

  /**
   * Fails with every error that httplint finds, and with every value that is not of its field's syntax. What else it would rather have
   * otherwise is told, and no failure.
   */
  async judge(tell) {
    const input = this.#all.map((answer) => ({ ...answer, response: answer.response.toString("base64") }));
    const { code, output } = await run(ofPython("python3"), [SCRIPT], { input: JSON.stringify(input) });
    assert.equal(code, 0, output);
    const notes = JSON.parse(output).map((note) => ({ ...note, line: `${note.about}: ${note.text}` }));
    const names = (line) => notes.filter((note) => note.line === line).map((note) => note.name);
    const isError = ({ level, text }) => level === "bad" || (level === "warning" && /specified syntax/.test(text));
    const warnings = new Set(notes.filter((note) => note.level === "warning" && !isError(note)).map((note) => note.line));
    for (const line of warnings) tell(`warning: ${line} (${names(line).join(", ")})`);
    const errors = notes.filter(isError).map((note) => `${note.name}: ${note.line}`);
    assert.deepEqual(errors, []);
  }
}
