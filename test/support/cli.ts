/** Runs command lines in-process: a folder of its own, captured output, and whatever `fetch` a test gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Platform } from "../../cli/platform.ts";
import { run } from "../../cli/run.ts";

export type Ran = { readonly exit: number; readonly out: string; readonly err: string; readonly json: any };

export type CommandLine = {
  readonly folder: string;
  /** A command line as words. */
  readonly run: (...argv: readonly string[]) => Promise<Ran>;
  readonly remove: () => void;
};

/** @param dev what `.countersign/dev.json` holds; none where it is null */
export function commandLine(dev: unknown, overrides: Partial<Platform> = {}): CommandLine {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-cli-"));
  mkdirSync(path.join(folder, ".countersign"));
  if (dev !== null) writeFileSync(path.join(folder, ".countersign", "dev.json"), JSON.stringify(dev));
  return {
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    run: async (...argv) => {
      let out = "";
      let err = "";
      const exit = await run(argv, {
        fetch: (url, init) => fetch(url, init),
        env: {},
        folder,
        nowMs: () => Date.now(),
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        out: (text) => (out += text),
        err: (text) => (err += text),
        isTerminal: false,
        isInteractive: false,
        ask: async () => "",
        readInput: async () => "",
        signal: new AbortController().signal,
        ...overrides,
      });
      return { exit, out, err, json: argv.includes("--json") && out.startsWith("{") ? tryJson(out) : null };
    },
  };
}

/** Commands that follow something print many values; then there is no single one. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
