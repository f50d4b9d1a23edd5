/** A task for tests of traces, with everything that a trace shows: a person, permits, attempts, a doubt, a wait, and an undo after its end. */
import type { TaskEvent } from "../../shared/events.ts";
import type { ModelCall } from "../../shared/model.ts";
import type { Plan } from "../../shared/proposal.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { admitted, applied, claimed, opened, reviewApproved, reviewRequested, settled } from "./chain.ts";

export const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ENVELOPE = {
  payloadType: PAYLOAD_TYPES.attestation,
  payload: "e30=",
  signatures: [{ keyid: "k".repeat(43), sig: Buffer.alloc(64, 7).toString("base64") }],
};

/** A plan as the executor records it, with the capabilities of its steps. */
export const plannedSteps = (
  steps: readonly string[],
  notBeforeMs: number,
  model: readonly ModelCall[] = [],
  recalled?: Plan["recalled"],
): TaskEvent => {
  const event = admitted(steps, 1) as Extract<TaskEvent, { type: "plan-admitted" }>;
  const plan = {
    notBeforeMs,
    model,
    ...(recalled === undefined ? {} : { recalled }),
    steps: steps.map((id) => ({ id, capability: `orders.${id}`, undo: { capability: "orders.reinstate" } })),
  };
  const payload = Buffer.from(JSON.stringify(plan)).toString("base64");
  return { ...event, envelope: { ...event.envelope, payload } };
};

export const refusedOnce = (step: string, retryAtMs: number): TaskEvent => ({
  type: "step-refused",
  step,
  code: "target-unavailable",
  attempt: 1,
  retryAtMs,
});

/** The records of one task, each with the events of one commit. */
export function tracedTask(executor: string, task: string, atMs: number): TaskEvent[][] {
  const doubt = { step: "ship", action: "act_ship", attempt: 1, code: "effect-in-doubt" as const, tags: [] };
  return [
    [
      { ...opened(executor), traceparent: TRACEPARENT } as TaskEvent,
      plannedSteps(["cancel", "refund", "ship"], atMs - 7),
    ],
    [reviewRequested(task, "refund")],
    [{ ...claimed("cancel"), permits: [{ gate: "7" }] } as TaskEvent],
    [refusedOnce("cancel", atMs + 20)],
    [{ ...(claimed("cancel") as object), attempt: 2 } as TaskEvent],
    [{ ...(applied("cancel") as object), reversibleUntilMs: atMs + 3_600_000 } as TaskEvent],
    [
      {
        type: "attested",
        step: "refund",
        review: `rev_${task.slice(4)}_1_0_1`,
        attestation: "att_1",
        member: "ada.lovelace",
        roles: ["lead"],
        decision: "approve",
        envelope: ENVELOPE,
        chain: [],
      },
      reviewApproved(task, "refund"),
    ],
    [{ type: "step-held", step: "refund", code: "rate-exceeded", holds: 1, retryAtMs: atMs + 50 }],
    [claimed("refund")],
    [applied("refund")],
    [claimed("ship")],
    [{ type: "step-in-doubt", ...doubt, asked: 0, askAtMs: atMs + 90 }],
    [{ type: "step-in-doubt", ...doubt, asked: 1, askAtMs: null }],
    [applied("ship")],
    [settled()],
    [
      {
        type: "undo-started",
        step: "cancel",
        undo: "cancel~undo",
        kind: "reversal",
        by: "key_1",
        member: null,
        request: "rvs_1",
        args: "c".repeat(43),
        relies: [],
        envelope: null,
      },
    ],
    [claimed("cancel~undo")],
    [applied("cancel~undo")],
  ];
}
