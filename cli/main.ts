/** The program on Node: real files, network, terminal and clock. */
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import type { Platform } from "./platform.ts";
import { run } from "./run.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
// A reader that has seen enough, such as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const platform: Platform = {
  fetch: (url, init) => fetch(url, init),
  env: process.env,
  folder: process.cwd(),
  nowMs: () => Date.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  out: (chunk) => void process.stdout.write(chunk),
  err: (chunk) => void process.stderr.write(chunk),
  isTerminal: process.stdout.isTTY === true,
  isInteractive: process.stderr.isTTY === true && process.stdin.isTTY === true,
  ask: async (question) => {
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await reader.question(question, { signal: interrupted.signal });
    } catch {
      return "";
    } finally {
      reader.close();
    }
  },
  readInput: () => text(process.stdin),
  signal: interrupted.signal,
};

process.exitCode = await run(process.argv.slice(2), platform);
