/**
 * The three Workers under one `wrangler dev`. Its output goes to `.countersign/wrangler.log`.
 *
 * W1  They run in a process group of their own, and stop() ends that whole group: no workerd is left behind.
 * W2  ready() settles: with the Workers answering, or with the reason why they do not.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { binary, inRoot, ROOT, WORKERS, wranglerEnvironment } from "../lib/project.ts";
import { reasonIn } from "../lib/run.ts";
import { DEV_FOLDER } from "./dev-state.ts";
import { StartFailure } from "./failure.ts";
import { STATE_FOLDER } from "./stamps.ts";

/** How long the Workers may take until they answer: bundling three of them on a busy machine takes a while. */
const READY_MS = 120_000;
/** How long wrangler may take to stop by itself before the group is killed. */
const STOP_MS = 5_000;
export const LOG_FILE = `${DEV_FOLDER}/wrangler.log`;

export const devArguments = (port: number): readonly string[] => [
  "dev",
  ...WORKERS.flatMap((worker) => ["-c", worker.config]),
  "--port",
  String(port),
  "--persist-to",
  STATE_FOLDER,
];

export type RunningWorkers = {
  readonly ready: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Ends the group at once, without waiting. */
  readonly killNow: () => void;
  /** Settles when wrangler ended, for whatever reason. */
  readonly ended: Promise<void>;
};

export function startWorkers(port: number, url: string): RunningWorkers {
  const log = openSync(inRoot(LOG_FILE), "w", 0o600);
  const child = spawn(
    binary("wrangler"),
    [...devArguments(port), "--inspector-port", "0", "--show-interactive-dev-session=false"],
    {
      cwd: ROOT,
      env: wranglerEnvironment(),
      stdio: ["ignore", log, log],
      detached: true, // W1
    },
  );
  closeSync(log);
  let over = false;
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  }).then(() => {
    over = true;
  });
  return { ended, ready, stop, killNow: () => signalGroup("SIGKILL") };

  async function ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      // wrangler goes on after a Worker that does not build, waiting for an edit: here that is a failure.
      const output = readFileSync(inRoot(LOG_FILE), "utf8");
      if (over || output.includes("[ERROR]"))
        throw new StartFailure(`the Workers did not start: ${reasonIn(output)} (all of it: ${LOG_FILE})`);
      if (await answers(`${url}/healthz`)) return;
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200))]);
    }
    throw new StartFailure(
      `the Workers did not answer at ${url}/healthz within ${READY_MS / 1000} s; see ${LOG_FILE}.`,
    );
  }

  async function stop(): Promise<void> {
    signalGroup("SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    signalGroup("SIGKILL"); // whoever of the group is still there
  }

  function signalGroup(signal: NodeJS.Signals): void {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

/** Whether the Workers answer, healthy or not: before the first release is promoted they say that none is. */
const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.headers.get("content-type")?.includes("json") === true,
    () => false,
  );

/** What the public Worker says against its own health, or null where it is well. */
export async function illness(url: string): Promise<string | null> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
  if (response.ok) return null;
  const { detail } = (await response.json()) as { detail?: string };
  return detail ?? `status ${response.status}`;
}

/** Whether nobody listens on the port, on either loopback address. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ["127.0.0.1", "::1"]) if (!(await canListen(port, host))) return false;
  return true;
}

const canListen = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 has no ::1 to be in use.
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "EADDRINUSE" && error.code !== "EACCES"),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
