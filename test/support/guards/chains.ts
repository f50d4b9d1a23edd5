/** Attacks on the ledger: deliveries that an executor's key has signed and that should not enter the log. */
import { arrive } from "../../../ledger/arrival.ts";
import { cut, placeOf } from "../../../ledger/batch.ts";
import { entryText, statementText } from "../../../shared/entry.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { GENESIS_HASH, type ChainRecord } from "../../../shared/events.ts";
import { keyId } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { AppendCommand } from "../../../shared/rpc/ledger.ts";
import { sha256Hex } from "../../../shared/sha256.ts";
import { Trust } from "../../../shared/trust.ts";
import { newTenantKeys, newWorkerKeys, publicPart, trustOf } from "../../../scripts/lib/keys.ts";
import { testTask } from "../chain.ts";
import { sign } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";

const keys = newWorkerKeys();
const config = {
  trust: Trust.parse(trustOf(keys, [newTenantKeys("acme"), newTenantKeys("other")])),
  receiptKeys: new Map([[keyId(keys.receiptKey), publicPart(keys.receiptKey)]]),
};
const OURS = "acme/eu/0";
const NOW = 1_790_000_000_000;
const [TASK, SECOND_TASK] = [testTask(OURS, 1), testTask(OURS, 2)];

type Delivery = {
  readonly executor?: string;
  readonly tenant?: string;
  /** Name of the executor and of the task in the records themselves. */
  readonly recordExecutor?: string;
  readonly recordTask?: string;
  readonly task?: string;
  readonly record?: (record: ChainRecord) => ChainRecord;
  readonly statement?: object;
  readonly entries?: (entries: string[]) => string[];
};

/** Two records of a task, their entry and a signed statement; everything derived anew from what is changed. */
async function delivers(change: Delivery = {}): Promise<string> {
  const { executor = OURS, tenant = "acme", task = TASK, entries = (all) => all } = change;
  const texts: string[] = [];
  for (let seq = 1; seq <= 2; seq++) {
    const record: ChainRecord = {
      version: 1,
      executor: change.recordExecutor ?? executor,
      seq,
      prev: seq === 1 ? GENESIS_HASH : sha256Hex(texts[0]!),
      atMs: NOW,
      task: change.recordTask ?? task,
      events: [{ type: "cancel-requested", by: `key_${seq}` }],
    };
    texts.push(canonicalize(change.record?.(record) ?? record));
  }
  const entry = entryText("task", executor, task, texts, 1, NOW);
  const payload = { version: 1, tenant, executor, seq: 2, head: sha256Hex(texts[1]!), atMs: NOW, ...change.statement };
  const envelope = await sign(keys.receiptKey, PAYLOAD_TYPES.statement, payload);
  const command: AppendCommand = {
    tenant,
    executor,
    from: 1,
    to: 2,
    entries: [...entries([entry]), statementText(executor, envelope, 2, NOW)],
    seenSize: 0,
  };
  return codeOf(await arrive(command, config));
}

const hash = (digit: string) => digit.repeat(64);
const place = (from: number, to: number, prev: string, head: string): string => {
  const found = placeOf({ seq: 5, hash: hash("5") }, { from, to, prev, head });
  return found.at === "refused" ? found.problem.code : "ok";
};
const placed = (seenSize: number): string => {
  const arrival = {
    executor: OURS,
    from: 1,
    to: 1,
    prev: GENESIS_HASH,
    head: hash("1"),
    seenSize,
    entries: [],
    chars: 1,
  };
  const [only] = cut([{ arrival } as never], new Map(), 10).placed;
  return only!.place.at === "refused" ? only!.place.problem.code : "ok";
};

export const chains: Suite = {
  honest: [
    () => delivers(),
    () => place(6, 7, hash("5"), hash("7")),
    () => place(4, 5, hash("3"), hash("5")),
    () => placed(10),
  ],
  attacks: attacks({
    "executor-tenant": () => delivers({ tenant: "other" }),
    "executor-exists": () => delivers({ executor: "acme/eu/99", task: testTask("acme/eu/99", 1) }),
    "statement-executor": () => delivers({ statement: { executor: "acme/eu/1" } }),
    "statement-position": () => delivers({ statement: { seq: 9 } }),
    "statement-head": () => delivers({ statement: { head: hash("a") } }),
    "entry-of-executor": () => delivers({ task: testTask("acme/eu/1", 1) }),
    "record-executor": () => delivers({ recordExecutor: "acme/eu/1" }),
    "record-task": () => delivers({ recordTask: SECOND_TASK }),
    "entry-canonical": () => delivers({ entries: (all) => all.map((text) => text.replace("{", "{ ")) }),
    "record-follows": () =>
      delivers({ record: (record) => (record.seq === 2 ? { ...record, prev: hash("a") } : record) }),
    "record-once": () => delivers({ entries: ([entry]) => [entry!, entry!] }),
    "delivery-follows": () => place(7, 7, hash("5"), hash("7")),
    "delivery-continues": () => place(6, 7, hash("a"), hash("7")),
    "delivery-repeats": () => place(5, 5, hash("4"), hash("a")),
    "log-not-shorter": () => placed(11),
  }),
};
