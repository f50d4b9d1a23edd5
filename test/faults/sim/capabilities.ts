/**
 * What the simulated executors can do: money in a relational database (exactly once), a callee that knows idempotency keys, one that does
 * not, and the shipped note. The adapter of the database is the shipped one.
 */
import { d1Capability, type D1Definition } from "../../../executors/adapters/d1.ts";
import { D1Databases } from "../../../executors/adapters/d1-asker.ts";
import { sql, TENANT } from "../../../executors/adapters/sql.ts";
import { insert, NEXT, update } from "../../../executors/adapters/writes.ts";
import type { ActionContext, Capability, CapabilityRegistry, Outcome } from "../../../executors/adapters/types.ts";
import { note } from "../../../executors/capabilities/journal.ts";
import { count, object, oneOf, text } from "../../../executors/capabilities/schemas.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { CapabilityContract } from "../../../shared/capability.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";
import { d1Over } from "./d1.ts";
import type { MemoryDatabase } from "./databases.ts";
import { call, CALL_FAULTS, type Caller } from "./network.ts";
import type { Run } from "./run.ts";
import type { Platform } from "../../../shared/platform.ts";

const account = { type: "string", pattern: "^a\\d$" };
type Transfer = { from: string; to: string; cents: number; order: string };

const contractOf = (
  name: string,
  delivery: CapabilityContract["delivery"],
  change: Partial<CapabilityContract>,
): CapabilityContract => ({
  name,
  version: "1.0.0",
  summary: `Simulated: ${name}.`,
  input: object({ from: account, to: account, cents: count, order: text(40) }),
  output: object({ done: oneOf(true) }),
  risk: "low",
  effect: "write",
  reversible: false,
  delivery,
  roles: {},
  tags: ["order:{order}"],
  ...change,
});

const transfer = (name: string, change: Partial<CapabilityContract>): D1Definition<Transfer, "accounts"> => ({
  contract: { ...contractOf(name, "exactly-once", change), effect: "write" },
  read: ({ from, to }) => ({
    accounts: sql`SELECT id, balance, version FROM sim_accounts WHERE tenant = ${TENANT} AND id IN (${from}, ${to})`,
  }),
  plan: ({ from, to, cents }, { accounts }, { action, task, step }) => {
    const source = accounts.find(({ id }) => id === from);
    if (source === undefined || (source["balance"] as number) < cents)
      return err(problem("effect-refused", "There is not so much money."));
    return ok({
      preview: {},
      summary: `Moves ${cents} cents.`,
      changes: [{ what: from, from: String(source["balance"]), to: String((source["balance"] as number) - cents) }],
      premises: [
        {
          resource: `accounts/${from}`,
          version: source["version"] as number,
          condition: sql`SELECT version = ${source["version"]!} FROM sim_accounts WHERE tenant = ${TENANT} AND id = ${from}`,
        },
      ],
      statements: [
        update("sim_accounts", { balance: sql`balance - ${cents}`, version: NEXT }, sql`id = ${from}`),
        update("sim_accounts", { balance: sql`balance + ${cents}`, version: NEXT }, sql`id = ${to}`),
        insert("sim_transfers", { action, task, step, src: from, dst: to, amount: cents }),
      ],
      result: { done: true },
    });
  },
});

const DEFINITIONS = [
  transfer("money.transfer", {}),
  transfer("money.settle", {
    effectKey: "settle:{order}",
    gate: { concurrency: 2, rate: { actions: 3, perMs: 60_000 } },
  }),
] as const;

/** A system outside: counts what it did. With a key it does a thing once and answers the same again; without one it does what it is told. */
export class Callee {
  readonly done: { readonly key: string; readonly task: string; readonly step: string; readonly keyed: boolean }[] = [];
  readonly #answered = new Set<string>();

  receive(key: string, task: string, step: string, keyed: boolean): { replayed: boolean } {
    if (keyed && this.#answered.has(key)) return { replayed: true };
    this.#answered.add(key);
    this.done.push({ key, task, step, keyed });
    return { replayed: false };
  }
}

function outside(
  name: string,
  delivery: "idempotent" | "at-most-once",
  send: (context: ActionContext, keyed: boolean) => Promise<{ replayed: boolean }>,
): Capability {
  const doubt = (): Outcome => ({ kind: "in-doubt", problem: problem("effect-in-doubt", "No answer came.") });
  return {
    kind: "external",
    contract: contractOf(name, delivery, {}),
    prepare: null,
    reconcile: null,
    apply: async (_args, _prepared, context) => {
      if (delivery === "at-most-once" && context.resumed) return doubt();
      try {
        const { replayed } = await send(context, delivery === "idempotent");
        return { kind: "applied", result: { done: true }, replayed };
      } catch {
        return doubt();
      }
    },
  };
}

/** Nothing repeats a message to a system that knows no keys. */
const ONCE = CALL_FAULTS.filter((fault) => fault !== "duplicate");

/** The registry of one instance. */
export function capabilitiesOf(
  run: Run,
  caller: Caller,
  platform: Pick<Platform, "randomBytes" | "setTimer">,
  business: MemoryDatabase,
  callee: Callee,
): CapabilityRegistry {
  const database = d1Over(run, business, caller, `${caller.name} business`);
  const environment = new D1Databases({
    databaseOf: () => database,
    newNonce: () => toBase64Url(platform.randomBytes(16)),
    setTimer: platform.setTimer,
  });
  const send = ({ action, task, step }: ActionContext, keyed: boolean) =>
    call(
      run,
      caller,
      `${caller.name} callee`,
      () => callee.receive(action, task, step, keyed),
      keyed ? CALL_FAULTS : ONCE,
    );
  const all = [
    ...DEFINITIONS.map((definition) => d1Capability(definition, environment)),
    outside("callee.keyed", "idempotent", send),
    outside("callee.plain", "at-most-once", send),
    note,
  ];
  return new Map(all.map((capability) => [capability.contract.name, capability]));
}

export const CONTRACTS: ReadonlyMap<string, CapabilityContract> = new Map(
  [
    ...DEFINITIONS.map(({ contract }) => contract),
    contractOf("callee.keyed", "idempotent", {}),
    contractOf("callee.plain", "at-most-once", {}),
    note.contract,
  ].map((contract) => [contract.name, contract]),
);
