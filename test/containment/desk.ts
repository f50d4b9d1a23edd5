/**
 * A task of an honest user, in a whole executor object over node:sqlite, and two roads into it: proposals as the public interface plans and
 * signs them, and plans that somebody makes and signs with the stolen manager key.
 */
import * as intake from "../../executors/intake.ts";
import { decide } from "../../executors/reviewing.ts";
import { draftByAgent } from "../../intent-manager/planning/agent-draft.ts";
import { digestOf } from "../../shared/canonical.ts";
import type { JsonObject } from "../../shared/json.ts";
import { refsIn } from "../../shared/playbook.ts";
import type { Provenance } from "../../shared/provenance.ts";
import type { Result } from "../../shared/result.ts";
import type { SignedPlan, Submitted, SubmitCommand } from "../../shared/rpc.ts";
import { Desk as Shop, keys, must, type Person, person, TENANT } from "../support/guards/shard.ts";
import { attestation, planOf, signedPlan } from "../support/manager.ts";
import type { Plan } from "../../shared/proposal.ts";
import { type Assistant, bundleOf, type Road, type Stand, type Step } from "./assistant.ts";
import { ALL_ROLES, type Guard } from "./guard.ts";
import { capabilityOf, Target, type Tool } from "./tool.ts";

const lead: Person = await person("ada", ["lead"]);

export class Desk implements Assistant {
  readonly target: Target;
  readonly #desk: Shop;
  #serial = 0;

  private constructor(target: Target, desk: Shop) {
    this.target = target;
    this.#desk = desk;
  }

  static async open(tools: readonly Tool[], environment: JsonObject, guard: Guard = ALL_ROLES): Promise<Desk> {
    const target = new Target(environment);
    const registry = new Map(tools.map((tool) => [tool.name, capabilityOf(tool, target)]));
    return new Desk(target, await Shop.open(bundleOf(tools, guard), { registry }));
  }

  async task(request: string, byAgent = false): Promise<string> {
    const change: Partial<SubmitCommand> = {
      input: { salt: "AAAAAAAAAAAAAAAAAAAAAA", value: { request } },
      ...(byAgent ? { principal: { key: "key_agent", role: "agent", member: null, sod: "not-evaluable" } } : {}),
    };
    const command = await this.#desk.command(change);
    must(await intake.submit(this.#desk.shard, command));
    return command.task;
  }

  async propose(
    task: string,
    road: Road,
    steps: readonly Omit<Step, "id">[],
    change: Partial<Plan> = {},
  ): Promise<Stand[]> {
    const named = steps.map((step) => ({ ...step, id: `s${++this.#serial}` }));
    const answer = await this.send(task, await this.plan(task, road, named, change));
    if (!answer.ok) return named.map((step) => ({ step, at: answer.problem.code }));
    return Promise.all(named.map(async (step) => ({ step, at: await this.#desk.outcome(task, step.id) })));
  }

  async plan(
    task: string,
    road: Road,
    steps: readonly Step[],
    change: Partial<Plan> = {},
  ): Promise<Result<SignedPlan>> {
    const { shard, release } = this.#desk;
    const context = must(intake.context(shard, task, "new"));
    if (road === "stolen key") {
      const plan = planOf(
        TENANT,
        task,
        shard.region,
        release,
        context.inputCommitment,
        "agent",
        steps,
        context.nextRound,
        false,
      );
      return { ok: true, value: await signedPlan(keys.proposal, { ...plan, ...change }) };
    }
    const declarations = release.compiled.declarations.capabilities;
    const drafted = draftByAgent({
      tenant: TENANT,
      facts: { task, region: shard.region, input: context.input, purpose: null, principal: context.task.principal },
      release: release.compiled,
      round: context.nextRound,
      last: false,
      agent: "key_agent",
      agentMember: null,
      inputCommitment: context.inputCommitment,
      steps: steps.map((step) => ({ ...step, after: refsIn(step.args).map(({ step: of }) => of) })),
      records: context.records.map((record) => ({
        ...record,
        keyProvenance: record.keyProvenance as Provenance,
        outputContract: declarations.get(record.capability)!.output,
      })),
      usedStepIds: context.stepIds,
      openedByAgent: context.task.principal.role === "agent",
      nowMs: Date.now(),
    });
    if (!drafted.ok) return drafted;
    const { plan, disclosures } = drafted.value;
    return { ok: true, value: { ...(await signedPlan(keys.proposal, plan)), disclosures } };
  }

  async send(task: string, plan: Result<SignedPlan>): Promise<Result<Submitted>> {
    if (!plan.ok) return plan;
    const digest = digestOf({ task, serial: ++this.#serial });
    return intake.propose(this.#desk.shard, {
      task,
      plan: plan.value,
      requestKey: digest,
      requestDigest: digest,
      delivery: null,
      waitMs: 0,
    });
  }

  async approve(task: string, step: Step): Promise<string> {
    const seen = await this.#desk.review(task, step.id);
    const envelope = await attestation(lead.key, TENANT, seen, "approve");
    must(await decide(this.#desk.shard, seen.id, { envelope, chain: [...lead.chain] }));
    return this.#desk.outcome(task, step.id);
  }
}
