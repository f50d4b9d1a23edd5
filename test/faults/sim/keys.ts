/** The keys, configurations and releases of every run: made once, because they are the same in all of them. */
import type { ExecutorsConfig } from "../../../executors/config.ts";
import type { Settings } from "../../../ledger/config.ts";
import { importSigner, keyId, publicPart } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { ReleaseBundle, ReleaseDelivery } from "../../../shared/release.ts";
import type { Envelope } from "../../../shared/signing.ts";
import type { Trust } from "../../../shared/trust.ts";
import { HOUR_MS, release, sign, type TestRelease } from "../../support/manager.ts";
import { MOST_OUT } from "./business.ts";
import { CONTRACTS } from "./capabilities.ts";
import { namedKey } from "./crypto.ts";
import { START_MS } from "./run.ts";

export const TENANT = "sim";
export const REGION = "eu";
export const SHARDS = 2;
export const REVIEW_MS = 8 * 60_000;
export const TASK_MS = 30 * 60_000;

const root = namedKey("root");
/** Two of each: one in use, one that a rotation brings. */
export const proposalKeys = [namedKey("proposal-a"), namedKey("proposal-b")] as const;
const receiptKeys = [namedKey("receipt-a"), namedKey("receipt-b")] as const;
const checkpointKeys = [namedKey("checkpoint-a"), namedKey("checkpoint-b")] as const;

const trust: Trust = {
  proposalKeys: proposalKeys.map(publicPart),
  receiptKeys: receiptKeys.map(publicPart),
  checkpointKeys: checkpointKeys.map(publicPart),
  logOrigin: "countersign.local",
  tenants: { [TENANT]: { rootKey: publicPart(root), regions: [REGION], shards: SHARDS } },
};

/** Executors of before (0) and after (1) a rotation. */
export const executorConfigs: readonly ExecutorsConfig[] = receiptKeys.map((key) => {
  let signer: ReturnType<typeof importSigner> | null = null;
  return {
    trust,
    proposalKeys: new Map(trust.proposalKeys.map((jwk) => [keyId(jwk), jwk])),
    samplingKey: new Uint8Array(32),
    receiptSigner: () => (signer ??= importSigner(key)),
  };
});
export const ledgerSettings: readonly Settings[] = checkpointKeys.map((key) => ({
  TRUST: JSON.stringify(trust),
  CHECKPOINT_KEY: JSON.stringify(key),
}));
export const rootKey = root;
export const proposalKid = keyId(proposalKeys[0]);

export type Person = { readonly member: string; readonly key: typeof root; readonly chain: readonly Envelope[] };

export type Fixture = {
  readonly playbook: TestRelease;
  readonly agent: TestRelease;
  /** An agent's, whose failed tasks take back what they did, and whose actions can be reversed for a while. */
  readonly careful: TestRelease;
  readonly deliveryOf: ReadonlyMap<TestRelease, ReleaseDelivery>;
  readonly people: readonly Person[];
  /** Somebody whom nobody has enrolled. */
  readonly stranger: Person;
};
/** For so long after an action of the careful release its reversal may be asked for. */
export const WINDOW_MS = 5 * 60_000;

const RULES: ReleaseBundle["policy"] = {
  default: "deny",
  rules: [
    { id: "notes", when: 'capability.name == "journal.note"', then: "allow" },
    { id: "small", when: 'capability.name != "journal.note" && args.cents <= 100', then: "allow" },
    {
      id: "large",
      when: 'capability.name != "journal.note" && args.cents > 100 && args.cents <= 1000',
      then: "review",
      reviewers: { role: "approver", quorum: 1 },
    },
    {
      id: "pair",
      when: 'capability.name != "journal.note" && args.cents > 700 && args.cents <= 1000',
      then: "review",
      reviewers: { role: "approver", quorum: 2 },
    },
  ],
  limits: [
    {
      id: "out",
      when: 'capability.name == "money.transfer"',
      sum: "args.cents",
      group: "args.from",
      window: "24h",
      max: MOST_OUT,
      exceeded: "deny",
    },
  ],
} as ReleaseBundle["policy"];

const ACTS = '["money.transfer", "money.settle", "callee.keyed", "callee.plain", "callee.book", "callee.hold"]';
const WAITS = '["wait.time", "wait.signal", "wait.event", "journal.note"]';
/** The same for what acts; what takes back goes freely, but for large reversals. */
const CAREFUL_RULES: ReleaseBundle["policy"] = {
  ...RULES,
  rules: [
    { id: "waits", when: `capability.name in ${WAITS}`, then: "allow" },
    { id: "small", when: `capability.name in ${ACTS} && args.cents <= 100`, then: "allow" },
    {
      id: "large",
      when: `capability.name in ${ACTS} && args.cents > 100 && args.cents <= 1000`,
      then: "review",
      reviewers: { role: "approver", quorum: 1 },
    },
    {
      id: "pair",
      when: `capability.name in ${ACTS} && args.cents > 700 && args.cents <= 1000`,
      then: "review",
      reviewers: { role: "approver", quorum: 2 },
    },
    { id: "back", when: 'undo.of != "" && !(undo.kind == "reversal" && args.cents == 100)', then: "allow" },
    {
      id: "large-reversal",
      when: 'undo.kind == "reversal" && args.cents == 100',
      then: "review",
      reviewers: { role: "approver", quorum: 1 },
    },
  ],
} as ReleaseBundle["policy"];

const input: ReleaseBundle["input"] = {
  type: "object",
  properties: {
    from: { type: "string", pattern: "^a\\d$", "x-origin": "principal" },
    to: { type: "string", pattern: "^a\\d$", "x-origin": "principal" },
    cents: { type: "integer", minimum: 0, "x-origin": "principal" },
    order: { type: "string", maxLength: 40, "x-origin": "principal" },
  },
  required: ["from", "to", "cents", "order"],
  additionalProperties: false,
};

const cel = (field: string) => ({ $cel: `intent.input.${field}` });
const money = { from: cel("from"), to: cel("to"), cents: cel("cents"), order: cel("order") };
const deadlines = { taskMs: TASK_MS, reviewMs: REVIEW_MS };

const delivered = async (made: TestRelease): Promise<[TestRelease, ReleaseDelivery]> => [
  made,
  {
    bundle: made.text,
    promotion: {
      envelope: await sign(root, PAYLOAD_TYPES.promotion, {
        version: 1,
        tenant: TENANT,
        automation: made.compiled.bundle.automation,
        release: made.digest,
        serial: 1,
        atMs: START_MS - HOUR_MS,
        expiresMs: START_MS + 48 * HOUR_MS,
      }),
      chain: [],
    },
  },
];

async function person(member: string): Promise<Person> {
  const key = namedKey(member);
  const enrolment = await sign(root, PAYLOAD_TYPES.enrolment, {
    version: 1,
    tenant: TENANT,
    member,
    key: publicPart(key),
    roles: ["approver"],
    notBeforeMs: START_MS - HOUR_MS,
    expiresMs: START_MS + 48 * HOUR_MS,
  });
  return { member, key, chain: [enrolment] };
}

export async function newFixture(): Promise<Fixture> {
  const playbook = release(CONTRACTS, {
    automation: "payments",
    input,
    playbook: {
      version: 1,
      steps: [
        { id: "note", capability: "journal.note", args: { text: cel("order") } },
        { id: "pay", capability: "money.transfer", args: money, after: ["note"] },
        { id: "tell", capability: "callee.keyed", args: money, after: ["pay"] },
      ],
    },
    policy: RULES,
    deadlines,
  });
  const agent = release(CONTRACTS, {
    automation: "agent-payments",
    planner: "agent",
    playbook: null,
    input,
    capabilities: Object.fromEntries(
      ["money.transfer", "money.settle", "callee.keyed", "callee.plain", "journal.note"].map((name) => [
        name,
        CONTRACTS.get(name)!,
      ]),
    ),
    policy: RULES,
    deadlines,
  });
  const careful = release(CONTRACTS, {
    automation: "careful",
    planner: "agent",
    playbook: null,
    input,
    capabilities: Object.fromEntries(CONTRACTS),
    policy: CAREFUL_RULES,
    onFailure: "compensate",
    reversal: { windowMs: WINDOW_MS },
    deadlines,
  });
  const deliveryOf = new Map([await delivered(playbook), await delivered(agent), await delivered(careful)]);
  const people = [await person("ada"), await person("ben"), await person("cy")];
  const stranger = { ...people[0]!, key: namedKey("stranger") };
  return { playbook, agent, careful, deliveryOf, people, stranger };
}
