/**
 * What a deployment creates, and in which order. Everything that a wrangler.toml names must stand here: `uncovered` finds what does not,
 * and `npm run deploy -- --dry-run`, which CI runs, fails on it.
 */
import type { Unstable_Config } from "wrangler";
import { boundWorkers, type WorkerConfig } from "../lib/worker-configs.ts";

export type ResourceKind = "database" | "queue" | "bucket";
export type Resource = {
  readonly kind: ResourceKind;
  readonly name: string;
  /** A bucket whose objects are kept for ever and never written over: the name of that rule. */
  readonly lock?: string;
};

export type DeployedWorker = {
  readonly name: string;
  /** Set together with the first version, so that no version ever runs without them. */
  readonly secrets: readonly string[];
};

export type DeployPlan = {
  /** Created first, in this order. */
  readonly resources: readonly Resource[];
  /** Deployed next, in this order: whom a binding names stands before the Worker that binds. */
  readonly workers: readonly DeployedWorker[];
};

export const PLAN: DeployPlan = {
  resources: [
    { kind: "database", name: "countersign-ledger" },
    { kind: "database", name: "countersign-business-eu" },
    { kind: "database", name: "countersign-business-us" },
    { kind: "database", name: "countersign-control" },
    { kind: "bucket", name: "countersign-log-archive", lock: "written-once" },
    { kind: "queue", name: "countersign-outbound" },
    { kind: "queue", name: "countersign-outbound-dead" },
  ],
  workers: [
    { name: "countersign-ledger", secrets: ["CHECKPOINT_KEY"] },
    { name: "countersign-executors", secrets: ["RECEIPT_KEY", "CREDENTIALS"] },
    { name: "countersign", secrets: ["PROPOSAL_KEY", "TASK_ID_SECRET"] },
  ],
};

/** Parts of a configuration that hold bindings and whose targets `namedResources` or `uncovered` looks at. */
const CHECKED: ReadonlySet<string> = new Set([
  "d1_databases",
  "queues",
  "r2_buckets",
  "services",
  "durable_objects",
  "tail_consumers",
  "workflows",
  "assets",
]);
/** Bindings of things that the platform provides, or that come with the Worker's own deployment. */
const CREATED_BY_NOBODY: ReadonlySet<string> = new Set([
  "ai",
  "version_metadata",
  "ratelimits",
  "images",
  "browser",
  "analytics_engine_datasets",
]);

/** Each binding of a configuration that no step of the plan creates, as a sentence. */
export function uncovered(worker: WorkerConfig, plan: DeployPlan): readonly string[] {
  const { source, name, config } = worker;
  const say = (what: string) => `${source}: no step creates ${what}`;
  const position = plan.workers.findIndex((deployed) => deployed.name === name);
  if (position < 0) return [say(`the Worker ${name}`)];
  const earlier = plan.workers.slice(0, position).map((deployed) => deployed.name);
  const planned = plan.workers[position]!.secrets;
  const required = config.secrets?.required ?? [];
  return [
    ...namedResources(config)
      .filter((wanted) => !plan.resources.some(({ kind, name }) => kind === wanted.kind && name === wanted.name))
      .map((wanted) => say(`the ${wanted.kind} ${wanted.name}`)),
    ...boundWorkers(worker)
      .filter((target) => !earlier.includes(target))
      .map((target) => say(`the Worker ${target} before ${name}`)),
    ...ownClasses(worker)
      .filter((className) => !config.migrations.some((migration) => migration.new_sqlite_classes?.includes(className)))
      .map((className) => say(`the Durable Object class ${className} (a migration with new_sqlite_classes)`)),
    ...required.filter((secret) => !planned.includes(secret)).map((secret) => say(`the secret ${secret}`)),
    ...planned
      .filter((secret) => !required.includes(secret))
      .map((secret) => `${source}: the secret ${secret} is set, but not declared`),
    ...otherBindings(config).map((binding) => say(`the binding ${binding}`)),
  ];
}

/** Databases, queues and buckets that a configuration names. */
const namedResources = (config: Unstable_Config): readonly Resource[] => [
  ...config.d1_databases.map((database) => ({ kind: "database" as const, name: String(database.database_name) })),
  ...[
    ...(config.queues.producers ?? []).map((producer) => producer.queue),
    ...(config.queues.consumers ?? []).flatMap((consumer) => [consumer.queue, consumer.dead_letter_queue]),
  ]
    .filter((queue) => queue !== undefined)
    .map((queue) => ({ kind: "queue" as const, name: queue })),
  ...config.r2_buckets.map((bucket) => ({ kind: "bucket" as const, name: String(bucket.bucket_name) })),
];

const ownClasses = ({ name, config }: WorkerConfig): readonly string[] =>
  config.durable_objects.bindings
    .filter((binding) => binding.script_name === undefined || binding.script_name === name)
    .map((binding) => binding.class_name);

/** Bindings of any other kind, wherever they stand: an object with a binding name in a part that nothing above looks at. */
const otherBindings = (config: Unstable_Config): readonly string[] =>
  Object.entries(config)
    .filter(([part]) => !CHECKED.has(part) && !CREATED_BY_NOBODY.has(part))
    .flatMap(([part, value]) => bindingNames(value).map((name) => `${name} (${part})`));

function bindingNames(value: unknown): readonly string[] {
  if (value === null || typeof value !== "object") return [];
  const own = "binding" in value && typeof value.binding === "string" ? [value.binding] : [];
  return [...own, ...Object.values(value).flatMap(bindingNames)];
}

/** The plan as lines, in the order of creation. */
export function describePlan(plan: DeployPlan): readonly string[] {
  const steps = [
    ...plan.resources.flatMap(({ kind, name, lock }) => [
      `${kind.padEnd(9)}${name}`,
      ...(lock === undefined ? [] : [`lock     ${name} (${lock}: objects stay as they are for ever)`]),
    ]),
    ...plan.workers.flatMap(({ name, secrets }) => [
      ...secrets.map((secret) => `secret   ${secret} (${name})`),
      `worker   ${name}`,
    ]),
  ];
  const none = (["database", "queue", "bucket"] as const).filter(
    (kind) => !plan.resources.some((resource) => resource.kind === kind),
  );
  return [
    ...steps.map((step, at) => `${String(at + 1).padStart(3)}  ${step}`),
    ...none.map((kind) => `     no ${kind} is needed`),
  ];
}
