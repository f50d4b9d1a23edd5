/**
 * The way of a document through the product without its Workers: the release as it is published, the label and the fields, the plan of its playbook,
 * capabilities over a business database, and the executor's decision. What may be done is done, so that later documents meet what earlier ones left.
 */
import type { Database } from "../../executors/adapters/d1-batcher.ts";
import type { CapabilityRegistry } from "../../executors/adapters/types.ts";
import { registry } from "../../executors/capabilities/index.ts";
import { loadAutomation } from "../../scripts/load-automation.ts";
import type { Classification } from "../../shared/classifier/classification.ts";
import { labelHere, labelOrigin } from "../../shared/classifier/label.ts";
import { compileRelease, type CompiledRelease } from "../../shared/compiled-release.ts";
import { renderTemplate } from "../../shared/capability.ts";
import { decideStep, intentFacts } from "../../shared/facts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { derivePlan, resolveRefs } from "../../shared/playbook.ts";
import { leftOutNow } from "../../shared/playbook-derive.ts";
import { actionContext } from "../support/action-context.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";
import { value } from "../support/release.ts";
import type { Document, Lot, Route } from "./documents.ts";
import { businessSql } from "./records.ts";
import type { World } from "./world.ts";

const TENANT = "t";
export type Triaged = {
  readonly classified: Classification;
  readonly route: Route;
  readonly rules: readonly string[];
};

export const invoiceRelease = (): CompiledRelease =>
  value(compileRelease(value(loadAutomation("invoice-triage")).text));

export class Desk {
  readonly #release: CompiledRelease;
  readonly #capabilities: CapabilityRegistry;
  #actions = 0;

  constructor(release: CompiledRelease, world: World, lot: Lot) {
    this.#release = release;
    const { d1, sqlite } = openBusinessDatabase();
    sqlite.exec(businessSql(TENANT, world, lot).join(";\n"));
    this.#capabilities = registryOver(d1);
  }

  async triage({ id, sender, text }: Pick<Document, "id" | "sender" | "text">): Promise<Triaged> {
    const input = { documentId: id, sender, text };
    return this.follow(input, labelHere(this.#release, input)!);
  }

  /** The playbook's way with a label and fields. */
  async follow(input: JsonObject, classified: Classification): Promise<Triaged> {
    const release = this.#release;
    const task = { task: "tsk_a", region: "eu", input, purpose: null, principal: APP };
    const intent = intentFacts("invoice-triage", task, classified);
    const origin = labelOrigin(release, classified);
    const steps = value(derivePlan(release.playbook!, intent, { openedByAgent: false, labelOrigin: origin }));
    const results: { [step: string]: { capability: string; result: Json } } = {};
    for (const { id, capability, args: written, provenance } of steps) {
      if (value(leftOutNow(release.playbook!, id, intent, results)) !== null) continue;
      const byStep = Object.fromEntries(Object.entries(results).map(([step, { result }]) => [step, result]));
      const args = value(resolveRefs(written, byStep));
      const context = this.#context(id, capability, args);
      const found = this.#capabilities.get(capability)!;
      if (found.kind !== "external") throw new Error(capability);
      const prepared = value(await found.prepare!(args, context));
      const facts = {
        round: 1,
        planner: "playbook" as const,
        agent: "playbook",
        capability,
        args,
        provenance,
        claimedConfidence: null,
      };
      const decision = decideStep(
        release,
        task,
        { ...facts, classified, preview: prepared.preview, results },
        { args: true, preview: true, results: true },
        NOW_MS,
      );
      if (decision.answer === "deny") return { classified, route: "refuse", rules: decision.rules };
      if (decision.answer === "review")
        return { classified, route: "person", rules: decision.reviews.map(({ rule }) => rule) };
      const outcome = await found.apply(args, prepared, context);
      if (outcome.kind !== "applied") return { classified, route: "refuse", rules: [outcome.problem.code] };
      results[id] = { capability, result: outcome.result };
    }
    return { classified, route: "book" in results ? "book" : "file", rules: [] };
  }

  #context(step: string, capability: string, args: JsonObject) {
    const template = this.#release.bundle.capabilities[capability]!.effectKey;
    const effectKey = template === undefined ? null : value(renderTemplate(template, args));
    return actionContext({
      tenant: TENANT,
      step,
      capability,
      action: `act_${this.#actions++}`,
      effectKey,
      nowMs: NOW_MS,
      deadlineMs: NOW_MS + 1_000_000,
    });
  }
}

const APP = { key: "key_app", role: "app", member: null, sod: "not-evaluable" } as const;
const NOW_MS = Date.UTC(2026, 10, 2);

const registryOver = (d1: Database): CapabilityRegistry =>
  registry({
    databaseOf: () => d1,
    newNonce: () => crypto.randomUUID(),
    setTimer: () => () => {},
  });
