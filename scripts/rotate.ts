/**
 * `npm run rotate -- proposal|receipt|checkpoint [publish|sign|finish] [--compromised] [--production]`: replaces the signing key of a plane.
 *
 * Without a step it publishes the new key, waits until every Worker believes it, lets it sign, and says from when on `finish` takes the old
 * one back. Local keys (`.countersign/workers.json`) reach the running Workers by themselves. With `--production` a step changes
 * `.countersign/production.json` only, and `npm run deploy` brings it in (docs/runbooks/rotate-keys.md). No private key is printed.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient, type Client } from "../shared/client.ts";
import { keyId } from "../shared/keys.ts";
import { newPrivateKey, type Plane, type TenantKeys, type WorkerKeys } from "./lib/keys.ts";
import { inRoot } from "./lib/project.ts";
import { finish, finishFromMs, phaseOf, PLANES, previousKid, publish, RotationFailure, sign } from "./lib/rotation.ts";
import { developmentState, DEV_FILE, WORKER_FILE } from "./start/dev-state.ts";
import { PRODUCTION_FILE } from "./deploy/production-state.ts";

const USAGE =
  "usage: npm run rotate -- proposal|receipt|checkpoint [publish|sign|finish] [--compromised] [--production]";
const STEPS = ["publish", "sign", "finish"] as const;
type Step = (typeof STEPS)[number];
/** How long the Workers may take until all of them use what was written: three are bundled anew, on a busy machine in a minute. */
const TAKEN_MS = 180_000;
const say = (line: string): void => console.log(line);

type State = {
  readonly workers: WorkerKeys;
  readonly write: (workers: WorkerKeys) => void;
  /** The running system; null where only the file is changed. */
  readonly client: Client | null;
};

function productionState(): State {
  const path = inRoot(PRODUCTION_FILE);
  if (!existsSync(path)) throw new RotationFailure(`there is no ${PRODUCTION_FILE}: npm run deploy makes it`);
  const state = JSON.parse(readFileSync(path, "utf8")) as { tenant: TenantKeys; workers: WorkerKeys };
  return { workers: state.workers, client: null, write: (workers) => writePrivate(path, { ...state, workers }) };
}

function localState(): State {
  for (const file of [DEV_FILE, WORKER_FILE])
    if (!existsSync(inRoot(file))) throw new RotationFailure(`there is no ${file}: npm start makes it`);
  const dev = JSON.parse(readFileSync(inRoot(DEV_FILE), "utf8")) as TenantKeys & { url: string };
  return {
    workers: JSON.parse(readFileSync(inRoot(WORKER_FILE), "utf8")) as WorkerKeys,
    client: createClient({ baseUrl: dev.url, key: dev.apiKeys.admin, fetch: (...request) => fetch(...request) }),
    write: (workers) => {
      writePrivate(inRoot(WORKER_FILE), workers);
      developmentState(dev.url);
    },
  };
}

/** Whole or not at all: a key that is only half written is lost. */
function writePrivate(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Waits until all Workers say that they hold what is asked for. */
async function taken(client: Client | null, what: string, holds: (client: Client) => Promise<boolean>): Promise<void> {
  if (client === null) return say(`next: npm run deploy; then countersign doctor says whether ${what}`);
  const until = Date.now() + TAKEN_MS;
  while (!(await holds(client).catch(() => false))) {
    if (Date.now() > until) throw new RotationFailure(`not every Worker says that ${what}; repeat the command`);
    await pause(250);
  }
  say(`every Worker says that ${what}`);
}

/** Whether those who check what the plane signs believe the key. */
const isBelieved = (plane: Plane, kid: string) => async (client: Client) => {
  const overview = await client.overview();
  if (!overview.ok || overview.value.incomplete.length > 0 || overview.value.ledger === null) return false;
  const executors = overview.value.executors.every(({ keys }) => keys?.trusts.includes(kid) === true);
  return executors && (plane === "proposal" || overview.value.ledger.keys?.trusts.includes(kid) === true);
};

const isSigning = (plane: Plane, kid: string) => async (client: Client) => {
  if (plane === "proposal") {
    const trust = await client.trust();
    return trust.ok && trust.value.proposalKeys[0] !== undefined && keyId(trust.value.proposalKeys[0]) === kid;
  }
  const overview = await client.overview();
  if (!overview.ok || overview.value.incomplete.length > 0) return false;
  return plane === "receipt"
    ? overview.value.executors.every(({ keys }) => keys?.signs === kid)
    : overview.value.ledger?.keys?.signs[0] === kid;
};

async function take(step: Step, plane: Plane, state: State, isCompromised: boolean): Promise<WorkerKeys> {
  const { workers, write, client } = state;
  const nowMs = Date.now();
  if (step === "publish") {
    const changed = publish(workers, plane, newPrivateKey(), nowMs);
    write(changed);
    const kid = keyId(changed.rotation!.next![plane]!);
    say(`published: the next ${plane} key is ${kid}`);
    await taken(client, "it believes the next key", isBelieved(plane, kid));
    return changed;
  }
  if (step === "sign") {
    const changed = sign(workers, plane, nowMs);
    const kid = keyId(changed[`${plane}Key`]);
    await taken(client, "it believes the next key", isBelieved(plane, kid));
    write(changed);
    say(`signs: ${kid}; before it: ${previousKid(changed, plane)}`);
    await taken(client, "the new key signs", isSigning(plane, kid));
    const from = new Date(finishFromMs(changed, plane)).toISOString();
    say(`to take the old key back, from ${from} on: npm run rotate -- ${plane} finish`);
    return changed;
  }
  const from = finishFromMs(workers, plane);
  if (nowMs < from && !isCompromised)
    throw new RotationFailure(
      `what the old key signed may arrive until ${new Date(from).toISOString()}; finish then, or now with --compromised`,
    );
  const kid = previousKid(workers, plane);
  const reason = isCompromised ? `${plane} key compromised` : `${plane} key rotated`;
  if (client === null) say(`needed before the next deployment: countersign keys revoke ${kid} --reason "${reason}"`);
  else await revoke(client, kid, reason);
  const changed = finish(workers, plane);
  write(changed);
  say(`retired: ${kid}; verifiers keep it for what it signed before it was revoked`);
  return changed;
}

async function revoke(client: Client, kid: string, reason: string): Promise<void> {
  const revoked = await client.revokeKey(kid, reason);
  if (!revoked.ok)
    throw new RotationFailure(`the key was not revoked: ${revoked.problem.code}: ${revoked.problem.detail}`);
  const { incomplete } = revoked.value;
  if (incomplete.length > 0) throw new RotationFailure(`no answer from ${incomplete.join(", ")}: repeat the command`);
  say(`revoked in every executor's chain: ${kid}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { compromised: { type: "boolean" }, production: { type: "boolean" } },
  });
  const plane = PLANES.find((one) => one === positionals[0]);
  const step = STEPS.find((one) => one === positionals[1]);
  if (plane === undefined || positionals.length > 2 || (positionals[1] !== undefined && step === undefined))
    throw new RotationFailure(USAGE);
  let state = values.production === true ? productionState() : localState();
  const isCompromised = values.compromised === true;
  if (step === undefined && state.client === null) throw new RotationFailure(`say which step. ${USAGE}`);
  // Whoever was interrupted repeats the command: what was done is not done again.
  const phase = phaseOf(state.workers, plane);
  const left: readonly Step[] = phase === "at-rest" ? ["publish", "sign"] : phase === "published" ? ["sign"] : [];
  const steps = step !== undefined ? [step] : isCompromised ? [...left, "finish" as const] : left;
  if (steps.length === 0)
    throw new RotationFailure(`the new ${plane} key signs already: npm run rotate -- ${plane} finish`);
  for (const one of steps) state = { ...state, workers: await take(one, plane, state, isCompromised) };
}

try {
  await main();
} catch (error) {
  console.error(`countersign: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
