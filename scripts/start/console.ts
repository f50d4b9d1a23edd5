/** Builds the console into `console/dist`, when its sources changed since the last build. */
import { existsSync } from "node:fs";
import { inRoot } from "../lib/project.ts";
import { reasonIn, run } from "../lib/run.ts";
import { digestOf } from "./digest.ts";
import { StartFailure } from "./failure.ts";
import { isDone, setDone } from "./stamps.ts";

export async function buildConsole(log: (line: string) => void): Promise<void> {
  if (!existsSync(inRoot("console", "vite.config.ts"))) {
    await run(process.execPath, [inRoot("scripts", "ensure-console.mjs")]);
    return;
  }
  const digest = digestOf("console", "shared", "package-lock.json");
  if (existsSync(inRoot("console", "dist", "index.html")) && isDone("console", digest)) return;
  log("console: building");
  const built = await run("npm", ["run", "--silent", "build:console"]);
  if (built.code !== 0) throw new StartFailure(`the console did not build: ${reasonIn(built.output)}`);
  setDone("console", digest);
}
