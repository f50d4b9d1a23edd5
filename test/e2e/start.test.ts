import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DATABASES, inRoot, ROOT } from "../../scripts/lib/project.ts";
import { isPortFree } from "../../scripts/start/workers.ts";

/** A copy of the work tree as a clone would have it, with the installed packages linked. */
let clone: string;
let port: number;
const running: ChildProcess[] = [];

beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), "countersign-clone-"));
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: ROOT, encoding: "utf8" });
  for (const file of new Set(files.split("\0").filter((name) => name !== "")))
    if (statSync(inRoot(file), { throwIfNoEntry: false })) cpSync(inRoot(file), join(clone, file));
  symlinkSync(inRoot("node_modules"), join(clone, "node_modules"));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
  server.close();
});
afterAll(() => {
  for (const child of running) child.kill("SIGTERM");
  rmSync(clone, { recursive: true, force: true });
});

/** Starts in the clone; settles when it says that Ctrl-C stops it, or when it ended. */
async function start(): Promise<{ child: ChildProcess; output: () => string; code: number | null }> {
  const child = spawn(process.execPath, [join(clone, "scripts", "start.mjs"), "--port", String(port)], {
    cwd: clone,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let text = "";
  const ready = new Promise<void>((resolve) => {
    const take = (chunk: Buffer) => {
      text += String(chunk);
      if (text.includes("Ctrl-C stops everything")) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  await Promise.race([ready, once(child, "close")]);
  return { child, output: () => text, code: child.exitCode };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}

/** Command lines of processes that were started from the clone. */
const processesOf = (folder: string): readonly string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const cwd = execFileSync("readlink", [`/proc/${pid}/cwd`], { encoding: "utf8" }).trim();
        return cwd.startsWith(folder) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
      } catch {
        return []; // ended meanwhile, or not ours to see
      }
    });

const devFile = () => JSON.parse(readFileSync(join(clone, ".countersign", "dev.json"), "utf8"));

it(
  "starts from a fresh clone, keeps keys and data over a restart, and leaves no process behind",
  { timeout: 180_000 },
  async () => {
    const first = await start();
    expect(first.output(), first.output()).toContain(`http://localhost:${port}`);
    expect(first.output()).toContain(
      "npx wrangler dev -c wrangler.toml -c executors/wrangler.toml -c ledger/wrangler.toml",
    );
    expect((await fetch(`http://localhost:${port}/healthz`)).headers.get("content-type")).toMatch(/json/);
    expect((await fetch(`http://localhost:${port}/`)).headers.get("content-type")).toContain("text/html");
    const keys = devFile();
    expect(statSync(join(clone, ".countersign", "dev.json")).mode & 0o777).toBe(0o600);
    const ignored = execFileSync(
      "git",
      ["check-ignore", ".countersign/dev.json", ".dev.vars", "executors/.dev.vars", "ledger/.dev.vars"],
      {
        cwd: ROOT,
        encoding: "utf8",
      },
    );
    expect(ignored.trim().split("\n")).toHaveLength(4);
    await stop(first.child, "SIGTERM");
    expect(await isPortFree(port)).toBe(true);
    if (process.platform === "linux") expect(processesOf(clone)).toEqual([]);

    const second = await start();
    expect(devFile()).toEqual(keys);
    expect(second.output()).not.toMatch(/migrations:|data:/);
    await stop(second.child, "SIGINT");
    expect(await isPortFree(port)).toBe(true);
    if (process.platform === "linux") expect(processesOf(clone)).toEqual([]);
  },
);

it("says in one line which migration failed", async () => {
  const folder = join(clone, DATABASES.find(({ binding }) => binding === "LEDGER_DB")!.migrations);
  writeFileSync(join(folder, "9999_planted.sql"), "CREATE TABEL nothing (a);\n");
  const failed = await start();
  expect(failed.code).toBe(1);
  const lines = failed
    .output()
    .split("\n")
    .filter((line) => line.startsWith("countersign:"));
  expect(lines).toEqual([expect.stringMatching(/migration of countersign-ledger failed: .*TABEL/)]);
  expect(dirname(folder)).toContain(clone);
});
