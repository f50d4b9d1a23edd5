/**
 * Runs a TypeScript entry of the project on the Node 24 that lies in `node_modules`, from whatever Node started this one.
 * Signals go on to it, so that whoever stops this process stops that one.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** @param {string} entry path of the TypeScript file, relative to the repository's root */
export async function runOnNode24(entry) {
  const file = join(root, entry);
  if (Number(process.versions.node.split(".")[0]) >= 24) {
    await import(file);
    return;
  }
  const node = join(root, "node_modules", ".bin", "node");
  if (!existsSync(node)) {
    console.error("countersign: the dependencies are not installed: run npm ci, or use the npm script.");
    process.exit(1);
  }
  // Tools that are started from there ask the path for their Node.
  const PATH = [dirname(node), process.env.PATH].join(delimiter);
  const child = spawn(node, [file, ...process.argv.slice(2)], { stdio: "inherit", env: { ...process.env, PATH } });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}
