/**
 * Follows the records of each executor as the protocol describes them: what became of each task and step, and what may not follow on what.
 * A part of the checker, and as it shares no code with the product.
 */
import { hash as hashOf } from "node:crypto";
import type { Evidence } from "./evidence.ts";
import {
  changesNothing,
  newStep,
  payloadOf,
  type Event,
  type Json,
  type PlannedStep,
  type Record,
  type Report,
  type StepFacts,
  type TaskFacts,
} from "./checker-facts.ts";

const UNDO: { readonly [capability: string]: string } = {
  "money.transfer": "money.return",
  "money.settle": "money.return",
  "callee.book": "callee.unbook",
  "callee.hold": "callee.unbook",
};
/** The release's own numbers, said again. */
const WINDOW_MS = 5 * 60_000;
const BADLY = new Set(["failed", "denied", "rejected", "expired", "skipped"]);

export class Follower {
  readonly tasks = new Map<string, TaskFacts>();
  readonly automationOf = new Map<string, string>();
  readonly #used = new Set<string>();
  readonly #evidence: Evidence;
  readonly #report: Report;
  readonly #seen: (feature: string) => void;

  constructor(evidence: Evidence, report: Report, seen: (feature: string) => void) {
    this.#evidence = evidence;
    this.#report = report;
    this.#seen = seen;
  }

  follow(records: readonly Record[]): void {
    const { tasks, automationOf } = this;
    const used = this.#used;
    const report = this.#report;
    const stopped = new Map<string, string>();
    const erased = new Set<string>();
    const withdrawn = new Set<string>();
    const keysOf = new Map<string, readonly string[]>();
    for (const { task: id, atMs, events } of records)
      for (const event of events) {
        if (id === null) {
          if (event.type === "stop-set") stopped.set(`${event["kind"]}:${event["target"]}`, event["stop"] as string);
          if (event.type === "stop-lifted") stopped.delete(`${event["kind"]}:${event["target"]}`);
          if (event.type === "subject-erased") erased.add(event["key"] as string);
          if (event.type === "consent-recorded") {
            if (event["given"] === true) withdrawn.delete(event["key"] as string);
            else withdrawn.add(event["key"] as string);
          }
          continue;
        }
        if (event.type === "task-opened") {
          if (tasks.has(id)) report("end", `${id} opened twice`);
          automationOf.set(id, event["automation"] as string);
          keysOf.set(id, (event["subjects"] ?? []) as string[]);
          if (keysOf.get(id)!.some((key) => erased.has(key))) report("people", `${id} opened under an erased key`);
          tasks.set(id, {
            id,
            automation: event["automation"] as string,
            steps: new Map(),
            signals: new Map(),
            takenBack: new Map(),
            settled: [],
            afterSettled: 0,
            awaitsPlan: true,
            compensating: false,
            erased: false,
            changes: 0,
          });
          continue;
        }
        const task = tasks.get(id);
        if (task === undefined) {
          report("end", `${id} was never opened`);
          continue;
        }
        if (task.settled.length > 0 && !mayFollowTheEnd(event)) task.afterSettled++;
        if (event.type === "task-settled") {
          task.settled.push(event["status"] as string);
          this.#settled(task);
          continue;
        }
        if (event.type === "compensation-started") task.compensating = true;
        const keys = keysOf.get(id) ?? [];
        if (event.type === "step-claimed" || event.type === "wait-started") {
          const isUndo = (event["step"] as string).includes("~");
          if (keys.some((key) => erased.has(key))) report("people", `${id} acted after its erasure`);
          if (!isUndo && keys.some((key) => withdrawn.has(key))) report("people", `${id} acted without consent`);
        }
        if (event["code"] === "consent-withdrawn") this.#seen("stopped by a withdrawal");
        if (event.type === "cancel-requested" && event["by"] === "subject-erased") this.#erased(task);
        if (event.type === "undo-started") this.#undoStarted(task, event, atMs);
        if (event.type === "signal-received") this.#signal(task, event);
        if (event.type === "plan-admitted") {
          const plan = payloadOf(event["envelope"]!) as unknown as {
            steps: PlannedStep[];
            last: boolean;
            expiresMs: number;
            task: string;
          };
          if (plan.task !== id) report("authority", `${id} took the plan of ${plan.task}`);
          // Looked at before the round that records it, which may have waited for a slow write.
          if (plan.expiresMs + 60_000 < atMs) report("authority", `${id} took a plan after its time`);
          if (plan.last) task.awaitsPlan = false;
          for (const planned of plan.steps) task.steps.set(planned.id, newStep(planned));
          continue;
        }
        const step = task.steps.get(event["step"] as string);
        if (step === undefined) continue;
        const name = `${id} ${step.planned.id}`;
        switch (event.type) {
          case "review-requested":
            step.phase = "waits";
            step.reviewExpiresMs = event["expiresMs"] as number;
            break;
          case "attested": {
            const attestation = event["attestation"] as string;
            if (used.has(attestation)) report("authority", `${name}: ${attestation} used twice`);
            used.add(attestation);
            if (step.reviewExpiresMs === null || atMs >= step.reviewExpiresMs)
              report("authority", `${name}: decided after the review's time`);
            const { decision, review, task: of } = payloadOf(event["envelope"]!);
            if (decision !== event["decision"] || review !== event["review"] || of !== id)
              report("authority", `${name}: the signature says something else`);
            if (decision === "approve") step.approvals.add(event["member"] as string);
            break;
          }
          case "review-approved":
            step.phase = "approved";
            break;
          case "review-rejected":
            step.phase = "rejected";
            break;
          case "review-expired":
          case "step-expired":
            step.phase = "expired";
            break;
          case "step-claimed": {
            step.claims++;
            step.action = event["action"] as string;
            step.phase = "claimed";
            checkAuthority(name, step, report);
            const around = [
              "tenant:sim",
              `automation:${automationOf.get(id)}`,
              `capability:${step.planned.capability}`,
            ];
            if (step.of === null && around.some((target) => stopped.has(target)))
              report("authority", `${name}: claimed under a stop`);
            break;
          }
          case "step-applied":
            step.applied++;
            step.action = event["action"] as string;
            if (!changesNothing(step.planned.capability) && step.claims === 0)
              report("effects", `${name}: applied without a claim`);
            step.phase = "applied";
            step.appliedMs = atMs;
            step.appliedAs = ++task.changes;
            if (step.of !== null) {
              task.takenBack.set(step.of, step.kind === "reversal" ? "reversed" : "compensated");
              this.#seen(`undo applied: ${step.kind}`);
            }
            break;
          case "step-held":
            step.phase = "held";
            break;
          case "step-refused":
            step.phase = event["retryAtMs"] === null ? "failed" : "retrying";
            if (event["code"] === "effect-conflict") this.#seen("domain key taken");
            break;
          case "step-denied":
            step.phase = "denied";
            break;
          case "step-failed":
            step.phase = "failed";
            if (step.of !== null) this.#seen(`undo failed: ${event["code"] as string}`);
            break;
          case "step-in-doubt":
            step.phase = "in-doubt";
            step.doubts++;
            break;
          case "step-skipped":
            step.phase = "skipped";
            break;
          case "doubt-resolved":
            this.#resolved(task, step, event, atMs);
            break;
          case "answer-contradicted":
            this.#seen("answer contradicts a resolution");
            break;
          case "reversal-window-closed":
            step.windowClosed = true;
            this.#seen("window closed");
            break;
          case "wait-started":
          case "wait-ended":
            this.#wait(task, step, event, atMs);
            break;
          default:
        }
      }
  }

  /** E6: one undo at a time, of what was applied, in its time, the last change first. */
  #undoStarted(task: TaskFacts, event: Event, atMs: number): void {
    const [id, undo, kind] = [event["step"] as string, event["undo"] as string, event["kind"] as string];
    const step = task.steps.get(id);
    const name = `${task.id} ${undo}`;
    if (step?.phase !== "applied") return this.#report("undo", `${name}: of what was not applied`);
    const all = [...task.steps.values()];
    if (all.some(({ of, phase }) => of === id && !BADLY.has(phase)))
      this.#report("undo", `${name}: taken back already, or being taken back`);
    const isCompensating = task.compensating && task.settled.length === 0;
    if (kind === "compensation" && !isCompensating) this.#report("undo", `${name}: compensates nothing`);
    if (!isCompensating && (task.automation !== "careful" || step.windowClosed || atMs >= step.appliedMs + WINDOW_MS))
      this.#report("undo", `${name}: outside its window`);
    if (isCompensating)
      for (const later of all.filter((one) => isChange(one) && one.appliedAs > step.appliedAs)) {
        const undos = all.filter(({ of }) => of === later.planned.id);
        const isDone = undos.some((one) => one.phase === "applied" || one.resolved === "not-applied");
        if (!isDone && later.planned.capability in UNDO)
          this.#report("undo", `${name}: before ${later.planned.id}, which was applied later`);
      }
    const { planned } = step;
    task.steps.set(undo, newStep({ ...planned, id: undo, capability: UNDO[planned.capability] ?? "none" }, id, kind));
    if (undo !== `${id}~undo`) this.#seen("undo tried again");
  }

  #erased(task: TaskFacts): void {
    task.erased = true;
    this.#seen("task ended by an erasure");
  }

  #settled(task: TaskFacts): void {
    const status = task.settled[0]!;
    this.#seen(`task ${status}`);
    const changes = [...task.steps.values()].filter(isChange);
    const left = changes.filter(({ planned }) => !task.takenBack.has(planned.id));
    if (status === "compensated" && left.length > 0)
      this.#report("undo", `${task.id} is compensated, and ${left[0]!.planned.id} stays`);
    const isBad = ["failed", "cancelled", "expired"].includes(status);
    // What would take it back is gone with the person.
    const mayStay = task.compensating || task.erased;
    if (isBad && task.automation === "careful" && changes.length > 0 && !mayStay)
      this.#report("undo", `${task.id} is ${status} and took nothing back`);
  }

  /** Once for each doubt, by an enrolled person who did not ask for it, under their signature over this very attempt. */
  #resolved(task: TaskFacts, step: StepFacts, event: Event, atMs: number): void {
    const name = `${task.id} ${step.planned.id}`;
    const isFailedUndo = step.of !== null && task.compensating && task.settled.length === 0 && BADLY.has(step.phase);
    if (step.phase !== "in-doubt" && !isFailedUndo)
      this.#report("doubt", `${name}: resolved while it is ${step.phase}`);
    const id = event["resolution"] as string;
    if (this.#used.has(id)) this.#report("doubt", `${name}: ${id} used twice`);
    this.#used.add(id);
    const payload = payloadOf(event["envelope"]!);
    for (const field of ["action", "attempt", "outcome", "retry", "step"])
      if (payload[field] !== event[field]) this.#report("doubt", `${name}: the signature says another ${field}`);
    if (payload["task"] !== task.id || payload["id"] !== id)
      this.#report("doubt", `${name}: the signature is for something else`);
    if ((payload["expiresMs"] as number) + 60_000 < atMs) this.#report("doubt", `${name}: the signature was over`);
    const member = event["member"] as string;
    const key = this.#evidence.keyOf.get(member);
    if (key === undefined || member === "cy") this.#report("doubt", `${name}: ${member} may not say that`);
    else if (!isSigned(event["envelope"]!, key)) this.#report("doubt", `${name}: not signed by ${member}`);
    step.resolutions++;
    step.resolved = event["outcome"] as string;
    this.#seen(
      `doubt resolved: ${event["retry"] === true ? "try again" : step.resolved}${isFailedUndo ? ", of an undo" : ""}`,
    );
    if (step.resolved === "not-applied") step.phase = event["retry"] === true ? "retrying" : "failed";
  }

  #signal(task: TaskFacts, event: Event): void {
    const [id, name] = [event["id"] as string, event["name"] as string];
    if (task.signals.has(id)) this.#report("waits", `${task.id}: the signal ${id} came in twice`);
    task.signals.set(id, { name, taken: false });
  }

  #wait(task: TaskFacts, step: StepFacts, event: Event, atMs: number): void {
    const name = `${task.id} ${step.planned.id}`;
    if (event.type === "wait-started") {
      const kept = [...task.signals].find(([, one]) => one.name === event["name"] && !one.taken)?.[0] ?? null;
      const early = event["wait"] === "signal" ? kept : null;
      if (early !== null) this.#seen("signal came before its wait");
      if (step.wait !== null) this.#report("waits", `${name} began to wait twice`);
      step.wait = {
        wait: event["wait"] as string,
        name: event["name"] as string | null,
        untilMs: event["untilMs"] as number | null,
        early,
      };
      step.phase = "waiting";
      return;
    }
    const [by, id] = [event["by"] as string, event["id"] as string | null];
    this.#seen(`wait ended: ${by}`);
    step.endedBy = by;
    if (++step.waitEnds > 1) this.#report("waits", `${name} ended ${step.waitEnds} times`);
    if (step.wait === null) return this.#report("waits", `${name} ended without having begun`);
    if (step.wait.early !== null && id !== step.wait.early)
      this.#report("waits", `${name}: the signal ${step.wait.early} had come, and it ended by ${by}`);
    if ((by === "time" || by === "timeout") && (step.wait.untilMs === null || atMs < step.wait.untilMs))
      this.#report("waits", `${name} ended before its time`);
    if (by === "signal") {
      const signal = task.signals.get(id!);
      if (signal === undefined || signal.taken || signal.name !== step.wait.name)
        this.#report("waits", `${name} ended by a signal that is not there for it`);
      else signal.taken = true;
    }
    if (by === "event") {
      const sent = this.#evidence.events.find((one) => `sha256:${hashOf("sha256", `shop ${one.id}`)}` === id);
      if (sent === undefined || sent.to !== step.planned.args["key"])
        this.#report("waits", `${name} ended by an event that nobody sent to it`);
    }
  }
}

/** What a task changed outside, which a compensation has to take back. */
const isChange = ({ phase, of, planned }: StepFacts): boolean =>
  phase === "applied" && of === null && !planned.capability.startsWith("wait.");

/** After the end of a task windows close, somebody may want it undone, and late answers contradict. */
const mayFollowTheEnd = (event: Event): boolean =>
  ["reversal-window-closed", "undo-started", "answer-contradicted"].includes(event.type) ||
  String(event["step"] ?? "").includes("~");

/** The ideal signature of the simulated world over the DSSE encoding: SHA-512 over the key and the message, its last byte 0. */
function isSigned(envelope: Json, key: string): boolean {
  const { payloadType, payload, signatures } = envelope as unknown as {
    payloadType: string;
    payload: string;
    signatures: { sig: string }[];
  };
  const body = Buffer.from(payload, "base64");
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `),
    body,
  ]);
  const expected = hashOf("sha512", Buffer.concat([Buffer.from(key), message]), "buffer");
  expected[63] = 0;
  return signatures.some(({ sig }) => Buffer.from(sig, "base64").equals(expected));
}

/** The release's rules in words of the checker's own: up to 100 freely, up to 700 with one approval, up to 1000 with two, beyond never. */
function checkAuthority(name: string, { planned, approvals, kind }: StepFacts, report: Report): void {
  const cents = planned.args["cents"];
  if (typeof cents !== "number") return;
  if (cents > 1_000) report("authority", `${name}: ${cents} cents are never allowed`);
  const needed =
    kind !== null ? (kind === "reversal" && cents === 100 ? 1 : 0) : cents <= 100 ? 0 : cents <= 700 ? 1 : 2;
  if (approvals.size < needed) report("authority", `${name}: ${approvals.size} of ${needed} approvals`);
  if (needed > 0 && approvals.has("cy")) report("authority", `${name}: approved by who asked`);
}
