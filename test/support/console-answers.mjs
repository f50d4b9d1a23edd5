/** Answers of the stand-in that are computed from the made-up world. */
import { RELEASE } from "./console-signing.mjs";

const object = (properties) => ({
  type: "object",
  additionalProperties: false,
  properties,
  required: Object.keys(properties),
});

/** A page of the ledger's read model, newest first. */
export const rows = (world, url) => {
  const status = url.searchParams.get("status");
  const limit = Number(url.searchParams.get("limit") ?? 50);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const all = [...world.viewById.values()]
    .filter((view) => status === null || view.status === status)
    .toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  const tasks = all.slice(from, from + limit).map((view, i) => ({
    task: view.id,
    automation: view.automation,
    status: view.status,
    region: view.region,
    executor: view.executor,
    openedAt: view.openedAt,
    updatedAt: view.updatedAt,
    firstIndex: 3_204 - 3 * (from + i),
    lastIndex: 3_204 - 3 * (from + i) + (view.steps.length > 1 ? 2 : 0),
  }));
  return { tasks, next: from + limit < all.length ? String(from + limit) : null };
};

const order = object({ orderId: { type: "string" } });
const contract = (name, summary, effect) => ({
  contract: {
    name,
    version: "1.0.0",
    summary,
    input: order,
    output: order,
    effect,
    delivery: "exactly-once",
    risk: "medium",
    reversible: false,
    roles: {},
    tags: ["order:{orderId}", "customer:{customerId}"],
  },
  digest: RELEASE,
  stop: null,
});

/** Contracts of the made-up world; they have more than the page reads. The first one is in doubt there. */
export const capabilities = {
  capabilities: [
    {
      contract: {
        name: "payments.refund",
        version: "1.0.0",
        summary: "Refunds a part of a charge.",
        input: object({ chargeId: { type: "string" }, amountCents: { type: "integer" } }),
        output: object({ refundId: { type: "string" }, amountCents: { type: "integer" } }),
        effect: "write",
        delivery: "idempotent",
        risk: "high",
        reversible: false,
        roles: {},
        tags: ["charge:{chargeId}"],
      },
      digest: RELEASE,
      stop: null,
    },
    contract("orders.cancel", "Cancels a pending order and gives the money back.", "write"),
    contract("orders.get", "Reads an order.", "read"),
    contract("addresses.change", "Changes where the orders of a customer go.", "write"),
  ],
};

export const overview = (world, who) => ({
  ...who,
  regions: ["eu", "us"],
  shards: 4,
  tasks: {
    open: [...world.viewById.values()].filter((view) => !view.settled).length,
    waiting: [...world.viewById.values()].filter((view) => view.status === "waiting").length,
  },
  executors: ["eu", "us"].flatMap((region) =>
    [0, 1, 2, 3].map((shard) => ({
      executor: `dev/${region}/${shard}`,
      open: shard === 2 ? 3 : 1,
      waiting: shard === 2 ? 1 : 0,
      head: 400 + shard * 31,
      delivered: 400 + shard * 31 - (region === "eu" && shard === 2 ? 2 : 0),
      alarms: [],
      stuck: [],
      quarantined: [],
      deadLetters: { count: 0, newest: [] },
      outcomes: { counts: [], newest: [] },
    })),
  ),
  outcomes: [
    { automation: "order-cancellation", capability: "orders.cancel", matched: 118, mismatched: 1, unobserved: 0 },
  ],
  incomplete: [],
  ledger: {
    size: 3_207,
    root: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
    executors: [],
    projections: [{ name: "tasks", cursor: 3_207, lag: 0, quarantined: 0 }],
    traces: null,
  },
});

export const explanation = (view) => ({
  task: view.id,
  automation: view.automation,
  release: view.release,
  region: view.region,
  status: view.status,
  settled: view.settled,
  why: view.why,
  asked: { principal: view.principal, trigger: null, purpose: null, input: view.input, at: view.openedAt },
  plans: [],
  steps: [],
  record: {
    executor: view.executor,
    seq: view.seq,
    recorded: view.recorded,
    entries: view.recorded
      ? [
          { index: 3_101, id: "evt_1", proof: "/v1/ledger/proof?index=3101" },
          { index: 3_104, id: "evt_2", proof: "/v1/ledger/proof?index=3104" },
        ]
      : [],
    checkpointSize: 3_207,
    missing: [],
  },
});
export const markdown = (view) =>
  `# Task \`${view.id}\`\n\n**${view.automation}** in region ${view.region}: **${view.status}**.\n\n## What came in\n\n- asked by *${view.principal.member ?? view.principal.key}*\n- release \`${view.release.slice(0, 20)}\`\n\n## Steps\n\n| step | capability | decided |\n|---|---|---|\n${view.steps.map((one) => `| ${one.id} | \`${one.capability}\` | ${one.decision?.answer ?? "–"} by ${one.decision?.rules.join(", ") ?? "–"} |`).join("\n")}\n\n1. Checked the signature of the plan.\n2. Ran the release's policy again.\n\n> The ledger has it at entries 3101 and 3104.\n`;

export const automations = (state) => ({
  automations: [
    {
      name: "order-changes",
      release: RELEASE,
      serial: 3,
      promotedAt: new Date(Date.now() - 86_400_000).toISOString(),
      summary: "Changes, cancels and returns orders as the customer asks.",
      owner: "customer-operations",
      tier: 2,
      planner: "playbook",
      stop: null,
      releases: [],
    },
    {
      name: "support-desk",
      release: RELEASE,
      serial: 1,
      promotedAt: new Date().toISOString(),
      summary: "An outside agent answers customers and proposes changes.",
      owner: "support",
      tier: 1,
      planner: "agent",
      stop: state.stop,
      releases: [],
    },
  ],
});

/** Three spans under one root, the last one refused. */
export const trace = (view) => {
  const at = Date.parse(view.openedAt);
  const span = (id, name, from, to, error = null) => ({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: id.repeat(16),
    ...(id === "a" ? {} : { parentSpanId: "a".repeat(16) }),
    flags: 257,
    name,
    kind: 1,
    startTimeUnixNano: `${at + from}000000`,
    endTimeUnixNano: `${at + to}000000`,
    attributes: [],
    events: [],
    status: error === null ? { code: 0 } : { code: 2, message: error },
  });
  const spans = [
    span("a", `task ${view.automation}`, 0, 90),
    span("b", "effect orders.get", 10, 20),
    span("c", "effect orders.cancel", 30, 80, "target-unavailable"),
  ];
  const attributes = [{ key: "service.name", value: { stringValue: "countersign-executors" } }];
  return {
    resourceSpans: [
      { resource: { attributes }, scopeSpans: [{ scope: { name: "countersign", version: "1" }, spans }] },
    ],
  };
};
