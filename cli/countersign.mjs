#!/usr/bin/env node
/**
 * The `countersign` command, on any Node from 20 on: it installs what is missing, and goes on with the Node 24 that lies in node_modules,
 * which runs TypeScript as it stands. Everything else is in main.ts.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const node24 = join(root, "node_modules", ".bin", "node");
const isInstalled = existsSync(join(root, "node_modules", "citty")) && existsSync(node24);

if (!isInstalled) {
  const installed = spawnSync(process.execPath, [join(root, "scripts", "ensure-installed.mjs")], {
    stdio: ["ignore", 2, 2],
  });
  if (installed.status !== 0) process.exit(1);
}

if (Number(process.versions.node.split(".")[0]) >= 24) await import("./main.ts");
else {
  const child = spawn(node24, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}
