/**
 * Runs one command to its end and keeps what it printed. Nothing is shown: the caller decides what a person needs to see.
 */
import { spawn } from "node:child_process";
import { ROOT } from "./project.ts";

export type Ran = { readonly code: number; readonly output: string };

export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: ROOT,
      env: options.env ?? process.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 127, output: `${command}: ${error.message}` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
    child.stdin.on("error", () => {}); // a command that reads no input may have ended already
    child.stdin.end(options.input ?? "");
  });
}

/** What went wrong, in one line: a tool's error line, with what follows where it ends in a colon, else the last line. */
export function reasonIn(output: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = output.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const lines = plain
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const at = lines.findIndex((line) => /\berrors?\b\]?:?/i.test(line));
  if (at < 0) return lines.at(-1)?.slice(0, 300) ?? "no output";
  const last = lines.findIndex((line, index) => index >= at && !line.endsWith(":") && !line.startsWith("[plugin"));
  return lines
    .slice(at, last < 0 ? undefined : last + 1)
    .join(" ")
    .replace(/^.*?\[ERROR\]\s*/, "")
    .slice(0, 300);
}
