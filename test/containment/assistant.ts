/** What a suite plays against: tasks of one automation, whose agent has tools, and two roads into them. */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { Plan } from "../../shared/proposal.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { ACCOUNT } from "./banking.ts";
import { type Guard, policyOf } from "./guard.ts";
import { contractOf, type Target, type Tool } from "./tool.ts";

/** A proposal that the intent-manager plans and signs, or a plan that somebody makes and signs with the stolen manager key. */
export type Road = "proposal" | "stolen key";
export const ROADS: readonly Road[] = ["proposal", "stolen key"];

export type Step = { readonly id: string; readonly capability: string; readonly args: JsonObject };
/** Where a step stands once nothing moves it without a person, and its problem's code where it ended without effect. */
export type Stand = { readonly step: Step; readonly at: string };

export type Assistant = {
  readonly target: Target;
  /** A task of somebody with this request; with `byAgent`, of an agent that says so. */
  task(request: string, byAgent?: boolean): Promise<string>;
  /** Proposes steps as the next round, and waits until each has ended or waits for a person. `change` is for the stolen key. */
  propose(
    task: string,
    road: Road,
    steps: readonly Omit<Step, "id">[],
    change?: Partial<Plan>,
  ): Promise<readonly Stand[]>;
  /** A person looks at a step that waits, and approves it; where it stands then. */
  approve(task: string, step: Step): Promise<string>;
};

export const bundleOf = (tools: readonly Tool[], guard: Guard): Partial<ReleaseBundle> => ({
  automation: "assistant",
  summary: "An agent does what somebody asks for in their own words.",
  planner: "agent",
  playbook: null,
  input: {
    type: "object",
    properties: { request: { type: "string", maxLength: 20_000, "x-origin": "principal" }, account: ACCOUNT },
    required: ["request"],
    additionalProperties: false,
  },
  policy: policyOf(guard),
  capabilities: Object.fromEntries(tools.map((tool): [string, CapabilityContract] => [tool.name, contractOf(tool)])),
});
