/**
 * The same tasks in the whole of Countersign: opened, proposed into and approved over HTTP, with tools that are reached over HTTP. With the
 * stolen manager key a plan goes to the executor object as the intent-manager would send it. What took effect is what the service saw.
 */
import { publishOne } from "../../scripts/publish-automations.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import { digestOf } from "../../shared/canonical.ts";
import { createClient } from "../../shared/client.ts";
import { executorName, parseTaskId } from "../../shared/ids.ts";
import type { Plan } from "../../shared/proposal.ts";
import type { ExecutorRpc } from "../../shared/rpc.ts";
import type { StepView, TaskView } from "../../shared/views.ts";
import { startCountersign, type Countersign } from "../e2e/harness.ts";
import { decide, reviewer, type Reviewer } from "../e2e/people.ts";
import { bundleExecutors } from "../support/bundle-executors.ts";
import { planOf, release, signedPlan, type TestRelease } from "../support/manager.ts";
import { type Assistant, bundleOf, type Road, type Stand, type Step } from "./assistant.ts";
import { SUITES, type SuiteName } from "./data.ts";
import { ALL_ROLES } from "./guard.ts";
import { TOOLS } from "./play.ts";
import { startService } from "./service.ts";
import { contractOf } from "./tool.ts";

/** How long a caller waits for steps to end: what is read comes over two hops on a machine that does everything at once. */
const WAIT_SECONDS = 20;

export type World = {
  readonly system: Countersign;
  readonly target: Assistant["target"];
  /** The executor object of a task, as the intent-manager of a tenant reaches it. */
  readonly executorOf: (task: string, tenant?: string) => Omit<ExecutorRpc, never>;
  readonly open: (suite: SuiteName) => Promise<LiveDesk>;
  readonly stop: () => Promise<void>;
};

/** Starts the Workers and the service, and promotes one automation for each suite, under the strictest guard. */
export async function startWorld(): Promise<World> {
  const service = await startService();
  const targets = { development: true, origins: { service: service.origin } };
  const system = await startCountersign({
    tenants: { dev: { shards: 2 }, other: { shards: 2 } },
    prebuilt: {
      "countersign-executors": await bundleExecutors({ capabilities: inRoot("test", "containment", "over-http.ts") }),
    },
    vars: { "countersign-executors": { HTTP_TARGETS: JSON.stringify(targets) } },
  });
  const dev = system.tenants["dev"]!;
  const client = createClient({ baseUrl: system.url, key: dev.apiKeys.operator, fetch });
  const releases: Partial<Record<SuiteName, TestRelease>> = {};
  for (const suite of SUITES) {
    const contracts = new Map(TOOLS[suite].map((tool) => [tool.name, contractOf(tool)]));
    const made = release(contracts, { ...bundleOf(TOOLS[suite], ALL_ROLES), automation: suite });
    await publishOne(client, dev, { name: suite, bundle: made.compiled.bundle, advice: [], ...made });
    releases[suite] = made;
  }
  const lead = await reviewer(system, "ada", ["lead"]);
  const { REGIONAL_EXECUTOR } = (await system.harness.getWorker("countersign").getEnv()) as {
    REGIONAL_EXECUTOR: DurableObjectNamespace;
  };
  const executorOf: World["executorOf"] = (task, tenant = "dev") => {
    const { region, shard } = parseTaskId(task)!;
    return REGIONAL_EXECUTOR.getByName(executorName(tenant, region, shard)) as never;
  };
  return {
    system,
    target: service.target,
    executorOf,
    open: async (suite) =>
      new LiveDesk({ system, suite, release: releases[suite]!, lead, executorOf, target: service.target }),
    stop: async () => {
      await system.stop();
      await service.close();
    },
  };
}

type Parts = Pick<Assistant, "target"> & {
  readonly system: Countersign;
  readonly suite: SuiteName;
  readonly release: TestRelease;
  readonly lead: Reviewer;
  readonly executorOf: World["executorOf"];
};

export class LiveDesk implements Assistant {
  readonly target: Assistant["target"];
  readonly #parts: Parts;
  #serial = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.target = parts.target;
  }

  async task(request: string, byAgent = false): Promise<string> {
    const common = { automation: this.#parts.suite };
    const answer = byAgent
      ? await this.#call("agent", "/v1/proposals", { ...common, request: { request }, steps: [this.#harmless] })
      : await this.#call("app", "/v1/intents", { ...common, input: { request } });
    // 200 with the whole task where what was proposed has ended meanwhile, 202 with its name.
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body.code}: ${answer.body.detail}`);
    return (answer.body.task ?? answer.body.id) as string;
  }

  async propose(
    task: string,
    road: Road,
    steps: readonly Omit<Step, "id">[],
    change: Partial<Plan> = {},
  ): Promise<Stand[]> {
    const named = steps.map((step) => ({ ...step, id: `s${++this.#serial}` }));
    const refused =
      road === "proposal" ? await this.proposeOver(task, named) : await this.proposeForged(task, named, change);
    if (refused !== null) return named.map((step) => ({ step, at: refused }));
    const { steps: views } = await this.read(task);
    return named.map((step) => ({ step, at: standOf(views.find(({ id }) => id === step.id)) }));
  }

  /** The code of a refusal, or null. */
  async proposeOver(task: string, steps: readonly object[]): Promise<string | null> {
    const { status, body } = await this.#call("agent", "/v1/proposals", { task, steps });
    return status < 300 ? null : (body.code as string);
  }

  async proposeForged(task: string, steps: readonly Step[], change: Partial<Plan>): Promise<string | null> {
    const { system, release: made, executorOf } = this.#parts;
    const executor = executorOf(task);
    const context = await executor.context(task, "");
    if (!context.ok) return context.problem.code;
    const { inputCommitment, nextRound, task: view } = context.value;
    const plan = planOf("dev", task, view.region, made, inputCommitment, "agent", steps, nextRound, false);
    const digest = digestOf({ task, nextRound });
    const answer = await executor.propose({
      task,
      plan: await signedPlan(system.workerKeys.proposalKey, { ...plan, ...change }),
      requestKey: digest,
      requestDigest: digest,
      delivery: null,
      waitMs: WAIT_SECONDS * 1_000,
    });
    return answer.ok ? null : answer.problem.code;
  }

  async read(task: string): Promise<TaskView> {
    const { system } = this.#parts;
    return (await system.call(system.tenants["dev"]!.apiKeys.app, `/v1/tasks/${task}`)).body as TaskView;
  }

  async approve(task: string, step: Step): Promise<string> {
    const { system, lead } = this.#parts;
    const { approver } = system.tenants["dev"]!.apiKeys;
    const waiting = (await this.read(task)).steps.find(({ id }) => id === step.id)!;
    const { body: review } = await system.call(approver, `/v1/reviews/${waiting.review}`);
    const { status, body } = await decide(system, lead, review, "approve");
    if (status !== 200) return body.code as string;
    for (;;) {
      const at = standOf((await this.read(task)).steps.find(({ id }) => id === step.id));
      if (!MOVING.has(at)) return at;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  get #harmless(): Step {
    const capability = this.#parts.suite === "banking" ? "banking.get_balance" : "workspace.get_current_day";
    return { id: "s0", capability, args: {} };
  }

  #call(role: "app" | "agent", path: string, body: object) {
    const { system } = this.#parts;
    const headers = role === "agent" ? { prefer: `wait=${WAIT_SECONDS}` } : {};
    return system.call(system.tenants["dev"]!.apiKeys[role], path, { body, headers });
  }
}

const MOVING: ReadonlySet<string> = new Set(["proposed", "ready", "applying", "retrying"]);
const standOf = (step: StepView | undefined): string =>
  step === undefined
    ? "absent"
    : step.status === "applied"
      ? "ok"
      : step.status === "failed"
        ? (step.problem?.code ?? "failed")
        : step.status;
