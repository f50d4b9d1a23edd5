/**
 * `npm start`: everything of a local Countersign, from a fresh clone to an address that answers.
 * Keys are made once, data is kept, Ctrl-C stops all of it. What goes wrong is said in one line, and the exit code is 1.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { binary } from "../lib/project.ts";
import { enrolPeople } from "../enrol-people.ts";
import { publishAll } from "../publish-automations.ts";
import { buildConsole } from "./console.ts";
import { DEV_FILE, developmentState, type DevFile } from "./dev-state.ts";
import { StartFailure } from "./failure.ts";
import { introduction } from "./introduction.ts";
import { startJobs } from "./jobs.ts";
import { prepareDatabases } from "./local-databases.ts";
import { illness, isPortFree, startWorkers, type RunningWorkers } from "./workers.ts";

const DEFAULT_PORT = 8787;
const log = (line: string): void => console.log(`  ${line}`);

let workers: RunningWorkers | undefined;
let stopping = false;

async function start(): Promise<void> {
  const port = portOf(process.argv.slice(2));
  if (!existsSync(binary("wrangler"))) throw new StartFailure("wrangler is not installed: run npm ci.");
  if (!(await isPortFree(port)))
    throw new StartFailure(
      `port ${port} is in use; stop what listens there, or choose another: npm start -- --port ${port + 1}`,
    );
  const url = `http://localhost:${port}`;
  console.log("Countersign starts …");
  const dev = developmentState(url);
  // Neither touches what the other makes. Both end before anything is said of a failure: no runtime is left behind.
  const prepared = await Promise.allSettled([buildConsole(log), prepareDatabases(dev, log)]);
  for (const one of prepared) if (one.status === "rejected") throw one.reason;
  if (stopping) return;
  workers = startWorkers(port, url);
  await workers.ready();
  await populate(dev);
  const ill = await illness(url);
  if (ill !== null) log(`not healthy: ${ill}`);
  startJobs(dev);
  console.log(introduction(dev, port));
  await workers.ended;
  if (!stopping) throw new StartFailure("wrangler dev ended unexpectedly; see .countersign/wrangler.log.");
}

function portOf(args: readonly string[]): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { port: { type: "string" } } });
    const port = Number(values.port ?? DEFAULT_PORT);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  } catch {
    // said below
  }
  throw new StartFailure("the only option is --port NUMBER, such as: npm start -- --port 8790");
}

/** Enrols the development people and publishes automations/, through the public interface, signed with the development keys. */
async function populate(dev: DevFile): Promise<void> {
  try {
    await enrolPeople({ url: dev.url, keys: dev, log });
    await publishAll({ url: dev.url, dev, log });
  } catch (error) {
    if (stopping) return;
    throw new StartFailure(
      `people or automations could not be brought in: ${(error as Error).message} (keys: ${DEV_FILE})`,
    );
  }
}

async function stop(): Promise<never> {
  if (stopping) process.exit(130);
  stopping = true;
  await workers?.stop();
  process.exit(0);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
// However this process ends, the Workers end with it; a second Ctrl-C does not wait for them.
process.on("exit", () => workers?.killNow());

// npm and its shell end at a SIGTERM without handing it on: whoever stops npm stops this process too.
if (process.env["npm_lifecycle_event"] === "start") {
  const parent = process.ppid;
  setInterval(() => void (process.ppid !== parent && stop()), 500).unref();
}

try {
  await start();
} catch (error) {
  if (stopping) await new Promise(() => {}); // stop() ends the process
  console.error(
    `countersign: ${error instanceof StartFailure ? error.message : ((error as Error).stack ?? String(error))}`,
  );
  await workers?.stop();
  process.exit(1);
}
