/**
 * A log by real work, with what a log can go through: notes (each a governed task of three steps), a database that went back and an epoch, an
 * executor that went back and a rewind, and the keys of all three planes replaced and revoked.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { newPrivateKey, trustOf, type TrustConfig, type WorkerKeys } from "../../scripts/lib/keys.ts";
import { finish, PLANES, previousKid, publish, sign } from "../../scripts/lib/rotation.ts";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { startCountersign, type Countersign } from "../e2e/harness.ts";
import { until } from "../e2e/people.ts";
import { download } from "../e2e/record.ts";
import { copyLedger } from "../e2e/restored-ledger.ts";
import { copyExecutor } from "../e2e/restored-object.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import type { KeySet } from "./dsse.ts";
import { fetchLog, sizeOf, type Files } from "./files.ts";

const AT_ONCE = 8;
const EXECUTOR = "dev/eu/0";

export type MadeLog = {
  readonly files: Files;
  /** A checkpoint that was served on the way, before people let anything go. */
  readonly older: Uint8Array;
  /** What `/.well-known/jwks.json` says. */
  readonly keys: KeySet;
  readonly trust: TrustConfig;
  /** Before the keys were replaced, and after. */
  readonly workerKeys: { readonly before: WorkerKeys; readonly after: WorkerKeys };
  /** What `countersign verify --out` wrote, by path. */
  readonly kept: Files;
};

/** @param entries how many the log has at least */
export async function makeLog(entries: number): Promise<MadeLog> {
  const system = await startCountersign({ tenants: { dev: { regions: ["eu"], shards: 2 } } });
  const dev = system.tenants["dev"]!;
  const cli = commandLine({ ...dev, url: system.url, trust: system.trust });
  try {
    const fetching = (to: string, init: object) => fetch(to, init);
    const client = createClient({ baseUrl: system.url, key: dev.apiKeys.operator, fetch: fetching as never });
    const loaded = loadAutomation("notes", {});
    if (!loaded.ok) throw new Error(loaded.problem.detail);
    await publishOne(client, dev, loaded.value);
    await enrolPeople({ url: system.url, keys: dev, log: () => {} });
    const work = new Work(system);

    await work.until(100);
    const older = await work.checkpoint();
    await work.until(130);
    await goBack(system, work, () => copyLedger(system), [cli, "epoch", []]);
    await goBack(system, work, () => copyExecutor(system, EXECUTOR), [cli, "rewind", [EXECUTOR]]);
    const after = await rotate(system, work);
    await work.until(entries);

    const trust = trustOf(after, Object.values(system.tenants));
    await download(system);
    return {
      files: await fetchLog(system, "dev"),
      older,
      keys: (await (await system.fetch("/.well-known/jwks.json")).json()) as KeySet,
      trust,
      workerKeys: { before: system.workerKeys, after },
      kept: await keptBy(commandLine({ ...dev, url: system.url, trust })),
    };
  } finally {
    cli.remove();
    await system.stop();
  }
}

/** Tasks, some at a time. */
class Work {
  readonly #system: Countersign;
  #n = 0;

  constructor(system: Countersign) {
    this.#system = system;
  }

  checkpoint = async (): Promise<Uint8Array> =>
    new Uint8Array(await (await this.#system.fetch("/log/dev/checkpoint")).arrayBuffer());

  /** @returns the problem's code of each that was refused */
  async some(): Promise<string[]> {
    const { app } = this.#system.tenants["dev"]!.apiKeys;
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => {
        const body = {
          automation: "notes",
          input: { text: `note ${++this.#n}` },
          idempotencyKey: `note-${this.#n}`,
        };
        return this.#system.call(app, "/v1/intents", { body, headers: { prefer: "wait=10" } });
      }),
    );
    return answers.flatMap(({ status, body }) => (status === 200 ? [] : [body.code as string]));
  }

  async until(size: number): Promise<void> {
    while (sizeOf(new Map([["checkpoint", await this.checkpoint()]])) < size) {
      const refused = await this.some();
      if (refused.length > 0) throw new Error(`tasks were refused: ${refused.join(", ")}`);
    }
  }
}

/** Copies what is at rest, does some work, takes it back, waits for the alarm, and has two admins let it go on, by the command line. */
async function goBack(
  system: Countersign,
  work: Work,
  copy: () => Promise<() => Promise<void>>,
  [cli, kind, what]: readonly [CommandLine, "epoch" | "rewind", readonly string[]],
): Promise<void> {
  const overview = async () => (await system.call(system.tenants["dev"]!.apiKeys.operator, "/v1/overview")).body;
  const delivered = () => until(overview, ({ executors }) => executors.every((one: any) => one.head === one.delivered));
  await delivered();
  const restore = await copy();
  for (let i = 0; i < 3; i++) await work.some();
  await delivered();
  await restore();
  await until(
    async () => (await work.some(), overview()),
    ({ executors }) => executors.some((one: any) => one.alarms.length > 0),
  );
  for (const argv of [
    ["new", ...what, "--reason", "restored for a check"],
    ["sign", `${kind}.json`],
    ["apply", `${kind}.json`],
  ]) {
    const ran = await cli.run(kind, ...argv);
    if (ran.exit !== 0) throw new Error(ran.err);
  }
  await delivered();
}

/** New keys for all planes. Every Worker is deployed anew with both, so one deployment is enough; the end of the old ones is in the chains alone. */
async function rotate(system: Countersign, work: Work): Promise<WorkerKeys> {
  const nowMs = Date.now();
  const published = PLANES.reduce((at, plane) => publish(at, plane, newPrivateKey(), nowMs), system.workerKeys);
  const keys = PLANES.reduce((at, plane) => sign(at, plane, nowMs), published);
  await system.rekey(keys);
  await work.some();
  for (const plane of PLANES) {
    const to = `/v1/keys/${previousKid(keys, plane)}/revoke`;
    const { body } = await system.call(system.tenants["dev"]!.apiKeys.admin, to, { body: { reason: "rotated" } });
    if (body.incomplete?.length !== 0) throw new Error(`the ${plane} key was not revoked: ${JSON.stringify(body)}`);
  }
  return PLANES.reduce(finish, keys);
}

/** What the command keeps of a record that it verified. */
async function keptBy(cli: CommandLine): Promise<Files> {
  try {
    const ran = await cli.run("verify", "--out", "kept");
    if (ran.exit !== 0) throw new Error(`countersign verify refuses the genuine log: ${ran.out}${ran.err}`);
    const folder = path.join(cli.folder, "kept");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    const paths = files.map(({ parentPath, name }) => path.join(parentPath, name));
    return new Map(paths.map((file) => [path.relative(folder, file), readFileSync(file)]));
  } finally {
    cli.remove();
  }
}
