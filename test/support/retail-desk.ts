/**
 * A support desk over the public interface: an app that opens intents, an agent that proposes, a lead who decides what waits.
 *
 * With `times: 3` each request is sent three times at once, with the same idempotency key, and each copy again until it is answered:
 * a caller that never knows whether its request arrived. All answers must then be one answer.
 */
import { subjectDigest } from "../../shared/attestation.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { ReviewView, StepView, TaskView } from "../../shared/views.ts";
import type { Countersign } from "../e2e/harness.ts";
import type { Reviewer } from "../e2e/people.ts";
import { attestation } from "./manager.ts";

export type DeskStep = { readonly id: string; readonly capability: string; readonly args: JsonObject };
export type Decision = "approve" | "reject";
/** A step that a person decided, and the rules that wanted it. */
export type Reviewed = { readonly task: string; readonly step: string; readonly rules: readonly string[] };

export type Desk = {
  readonly system: Countersign;
  readonly tenant: string;
  readonly lead: Reviewer;
  /** Copies of each request. */
  readonly times: number;
  readonly reviewed: Reviewed[];
};

type Answer = Awaited<ReturnType<Countersign["call"]>>;

/** Time in which one copy of a request is sent again while it is answered with a failure that passes, and the longest pause. */
const PATIENCE_MS = 60_000;
const LONGEST_PAUSE_MS = 200;
/** A round of a task takes milliseconds; one that was interrupted goes on with the next request, or by the alarm within seconds. */
const ROUND_MS = 60_000;

/** Opens an intent of customer-operations. @returns the task's id */
export async function open(desk: Desk, key: string, input: JsonObject): Promise<string> {
  const answer = await send(desk, "app", "/v1/intents", key, { automation: "customer-operations", input });
  if (answer.status !== 202) throw new Error(`intent ${key}: ${answer.status} ${refusalOf(answer.body)}`);
  return answer.body.task as string;
}

/** Proposes steps, decides what waits, and answers them once all have ended. */
export async function propose(
  desk: Desk,
  task: string,
  steps: readonly DeskStep[],
  { last = false, decision = "approve" as Decision } = {},
): Promise<readonly StepView[]> {
  const answer = await send(desk, "agent", "/v1/proposals", `${task} ${steps[0]?.id ?? "last"}`, { task, steps, last });
  if (answer.status !== 202) throw new Error(`proposal: ${answer.status} ${refusalOf(answer.body)}`);
  const ids = new Set(steps.map(({ id }) => id));
  const decided = new Set<string>();
  for (let pauseMs = 4, end = Date.now() + ROUND_MS; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const view = await read(desk, task);
    const mine = view.steps.filter(({ id }) => ids.has(id));
    if (mine.length === ids.size && mine.every(({ status }) => ENDED.has(status))) return mine;
    for (const step of mine) {
      if (step.status !== "awaiting_review" || step.review === null || decided.has(step.review)) continue;
      decided.add(step.review);
      await decide(desk, step.review, decision);
      pauseMs = 4;
    }
    if (Date.now() > end)
      throw new Error(`${task} stands still: ${mine.map(({ id, status }) => `${id} ${status}`).join(", ")}`);
  }
}
const ENDED: ReadonlySet<string> = new Set(["applied", "denied", "failed", "skipped", "expired"]);

/** The task as its executor has it. */
export async function read(desk: Desk, task: string): Promise<TaskView> {
  const { body, status } = await patiently(() => desk.system.call(keyOf(desk, "agent"), `/v1/tasks/${task}`));
  if (status !== 200) throw new Error(`task: ${status} ${refusalOf(body)}`);
  return body as TaskView;
}

/** The lead looks at what waits, makes sure that the digest is that of what is shown, and signs. */
async function decide(desk: Desk, id: string, decision: Decision): Promise<void> {
  const found = await patiently(() => desk.system.call(keyOf(desk, "approver"), `/v1/reviews/${id}`));
  const review = found.body as ReviewView;
  if (found.status !== 200 || subjectDigest(review.parts) !== review.subject)
    throw new Error(`review ${id}: ${found.status} ${refusalOf(found.body)}`);
  const envelope = await attestation(desk.lead.key, desk.tenant, review, decision);
  const body = { envelope, chain: desk.lead.chain };
  const answer = await send(desk, "approver", `/v1/reviews/${id}/decision`, id, body);
  if (answer.status !== 200) throw new Error(`decision: ${answer.status} ${refusalOf(answer.body)}`);
  desk.reviewed.push({ task: review.task, step: review.step, rules: review.required.map(({ rule }) => rule) });
}

/** Sends a request as often as the desk does; all copies must get the same answer. */
async function send(
  desk: Desk,
  role: "app" | "agent" | "approver",
  path: string,
  idempotencyKey: string,
  body: unknown,
): Promise<Answer> {
  const options = { body, headers: { "idempotency-key": idempotencyKey } };
  const copies = Array.from({ length: desk.times }, () =>
    patiently(() => desk.system.call(keyOf(desk, role), path, options)),
  );
  const [first, ...others] = await Promise.all(copies);
  for (const other of others)
    if (other.status !== first!.status || other.body.task !== first!.body.task)
      throw new Error(
        `${path}: ${first!.status} ${refusalOf(first!.body)}, and ${other.status} ${refusalOf(other.body)}`,
      );
  return first!;
}

/** Repeats a request whose answer says, or whose silence means, that it may be repeated. */
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1, end = Date.now() + PATIENCE_MS; ; attempt++) {
    const answer = await ask().catch((cause: unknown) => cause as Error);
    if (!(answer instanceof Error) && answer.status !== 429 && answer.status < 500) return answer;
    if (Date.now() > end) {
      if (answer instanceof Error) throw answer;
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(10 * attempt, LONGEST_PAUSE_MS)));
  }
}

const keyOf = (desk: Desk, role: "app" | "agent" | "approver") => desk.system.tenants[desk.tenant]!.apiKeys[role];
/** The code of a problem, for messages. */
const refusalOf = (body: unknown): string => {
  const { code = "", detail = "" } = (typeof body === "object" && body !== null ? body : {}) as Record<string, string>;
  return `${code} ${detail}`.trim();
};
