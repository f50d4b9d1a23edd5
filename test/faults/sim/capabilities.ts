/**
 * What the simulated executors can do: money in a relational database (exactly once), a callee that knows idempotency keys, one that does
 * not, and the shipped note. The adapter of the database is the shipped one.
 */
import { d1Capability, type D1Definition } from "../../../executors/adapters/d1.ts";
import { D1Databases } from "../../../executors/adapters/d1-asker.ts";
import { sql, TENANT } from "../../../executors/adapters/sql.ts";
import { insert, NEXT, update } from "../../../executors/adapters/writes.ts";
import type { ActionContext, Capability, CapabilityRegistry, Outcome } from "../../../executors/adapters/types.ts";
import { claimingKeys, type ClaimsRpc } from "../../../executors/adapters/claims.ts";
import { waits } from "../../../executors/capabilities/waits.ts";
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

/** Takes an action of this tenant back: the same arguments, the other way round. */
const undoneBy = (capability: string): CapabilityContract["undo"] => ({
  capability,
  args: Object.fromEntries(["from", "to", "cents", "order"].map((name) => [name, { $arg: name }])),
});
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

/** Moves money, or with `back` moves it back. What it relies on, and leaves, is the version of the account that it was taken from. */
const transfer = (
  name: string,
  change: Partial<CapabilityContract>,
  back: boolean,
): D1Definition<Transfer, "accounts"> => ({
  contract: {
    ...contractOf(name, "exactly-once", { output: object({ done: oneOf(true), left: count }), ...change }),
    effect: "write",
  },
  leaves: ({ from }, result) => [{ resource: `accounts/${from}`, version: (result as { readonly left: number }).left }],
  read: ({ from, to }) => ({
    accounts: sql`SELECT id, balance, version FROM sim_accounts WHERE tenant = ${TENANT} AND id IN (${from}, ${to})`,
  }),
  plan: ({ from, to, cents }, { accounts }, { action, task, step }) => {
    const source = accounts.find(({ id }) => id === from);
    const [out, into] = back ? [to, from] : [from, to];
    const payer = accounts.find(({ id }) => id === out);
    if (source === undefined || payer === undefined || (payer["balance"] as number) < cents)
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
        update("sim_accounts", { balance: sql`balance - ${cents}`, version: NEXT }, sql`id = ${out}`),
        update("sim_accounts", { balance: sql`balance + ${cents}`, version: NEXT }, sql`id = ${into}`),
        insert("sim_transfers", { action, task, step, src: out, dst: into, amount: cents }),
      ],
      result: { done: true, left: (source["version"] as number) + 1 },
    });
  },
});

const DEFINITIONS = [
  transfer("money.transfer", { undo: undoneBy("money.return") }, false),
  transfer(
    "money.settle",
    {
      effectKey: "settle:{order}",
      gate: { concurrency: 2, rate: { actions: 3, perMs: 60_000 } },
      undo: undoneBy("money.return"),
    },
    false,
  ),
  transfer("money.return", {}, true),
] as const;

/** What a callee outside offers: with and without keys of its own, with and without a domain key that a claim object holds. */
const OUTSIDE = [
  contractOf("callee.keyed", "idempotent", {}),
  contractOf("callee.plain", "at-most-once", {}),
  contractOf("callee.book", "idempotent", { effectKey: "book:{order}", undo: undoneBy("callee.unbook") }),
  contractOf("callee.hold", "at-most-once", { effectKey: "book:{order}", undo: undoneBy("callee.unbook") }),
  contractOf("callee.unbook", "idempotent", {}),
];
/** An order that the callee refuses, and has done nothing then. */
export const REFUSED_ORDER = "o6";

export type Done = {
  readonly key: string;
  readonly task: string;
  readonly step: string;
  readonly keyed: boolean;
  readonly capability: string;
  readonly order: string;
};
type Received = { readonly refused: boolean; readonly replayed: boolean };

/** A system outside: counts what it did. With a key it does a thing once and answers the same again; without one it does what it is told. */
export class Callee {
  readonly done: Done[] = [];
  readonly #answered = new Set<string>();

  receive(done: Done): Received {
    const { key, keyed, capability, order } = done;
    if (keyed && this.#answered.has(key)) return { refused: false, replayed: true };
    if (order === REFUSED_ORDER && capability !== "callee.unbook") return { refused: true, replayed: false };
    this.#answered.add(key);
    this.done.push(done);
    return { refused: false, replayed: false };
  }
}

function outside(
  contract: CapabilityContract,
  send: (contract: CapabilityContract, order: string, context: ActionContext) => Promise<Received>,
): Capability {
  const doubt = (): Outcome => ({ kind: "in-doubt", problem: problem("effect-in-doubt", "No answer came.") });
  return {
    kind: "external",
    contract,
    prepare: null,
    reconcile: null,
    apply: async (args, _prepared, context) => {
      if (contract.delivery === "at-most-once" && context.resumed) return doubt();
      try {
        const { refused, replayed } = await send(contract, args["order"] as string, context);
        return refused
          ? { kind: "refused", problem: problem("effect-refused", "Not this order."), retry: false }
          : { kind: "applied", result: { done: true }, replayed };
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
  claimsOf: (key: string) => ClaimsRpc,
): CapabilityRegistry {
  const database = d1Over(run, business, caller, `${caller.name} business`);
  const environment = new D1Databases({
    databaseOf: () => database,
    newNonce: () => toBase64Url(platform.randomBytes(16)),
    setTimer: platform.setTimer,
  });
  const send = (
    { name, delivery }: CapabilityContract,
    order: string,
    { action, task, step }: ActionContext,
  ): Promise<Received> => {
    const keyed = delivery === "idempotent";
    return call(
      run,
      caller,
      `${caller.name} callee`,
      () => callee.receive({ key: action, task, step, keyed, capability: name, order }),
      keyed ? CALL_FAULTS : ONCE,
    );
  };
  const claims = { claimsOf: (_tenant: string, key: string) => claimsOf(key), setTimer: platform.setTimer };
  const all = [
    ...DEFINITIONS.map((definition) => d1Capability(definition, environment)),
    ...OUTSIDE.map((contract) => claimingKeys(outside(contract, send), claims)),
    ...waits,
    note,
  ];
  return new Map(all.map((capability) => [capability.contract.name, capability]));
}

export const CONTRACTS: ReadonlyMap<string, CapabilityContract> = new Map(
  [
    ...DEFINITIONS.map(({ contract }) => contract),
    ...OUTSIDE,
    ...waits.map(({ contract }) => contract),
    note.contract,
  ].map((contract) => [contract.name, contract]),
);
