/** What people do in the made-up world: ask for enrolment, be enrolled, decide. The rules are the executor's, as far as the page shows them. */
import * as z from "zod";
import { Attestation, SignedAttestation } from "../../shared/attestation.ts";
import { openCommitment } from "../../shared/commitments.ts";
import { keyId } from "../../shared/keys.ts";
import { Possession } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { Resolution, SignedResolution } from "../../shared/resolution.ts";
import { openEnvelope } from "../../shared/signing.ts";
import { enrolmentOf } from "./console-signing.mjs";

/** Thrown by a handler, answered as problem+json. */
export class Refused extends Error {
  constructor(code, detail) {
    super(code);
    this.problem = problem(code, detail);
  }
}

/** `onEvent` hears of each new event of a task. */
export function makePeople(keys, world, onEvent) {
  const enrolments = [];
  const requests = [];
  /** Every decision that arrived, as it arrived. */
  const decisions = [];
  /** Every word on a doubt that arrived, as it arrived. */
  const resolutions = [];

  const emit = (task, event) => {
    const view = world.viewById.get(task);
    view.seq += 1;
    view.updatedAt = new Date().toISOString();
    const item = { seq: view.seq, at: view.updatedAt, event };
    const events = world.eventsById.get(task) ?? [];
    events.push(item);
    world.eventsById.set(task, events);
    onEvent(task, item);
  };

  function enrolmentBy(kid) {
    const enrolment = enrolments.find((one) => one.kid === kid && one.revokedAt === null);
    if (enrolment === undefined) throw new Refused("key-unknown", "No enrolment has this key id.");
    return enrolment;
  }

  async function statementIn(envelope, payloadType, schema, { kid, key }) {
    const opened = await openEnvelope(envelope, { payloadType, keys: new Map([[kid, key]]), schema });
    if (!opened.ok) throw new Refused(opened.problem.code, opened.problem.detail);
    return opened.value.payload;
  }

  async function decide(id, body) {
    const review = world.reviewById.get(id);
    if (review === undefined) throw new Refused("not-found", "There is no such review.");
    const { envelope } = SignedAttestation.partial({ chain: true }).parse(body);
    decisions.push(JSON.stringify(envelope));
    const enrolment = enrolmentBy(envelope.signatures[0].keyid);
    const payload = await statementIn(envelope, PAYLOAD_TYPES.attestation, Attestation, enrolment);
    if (review.decidedBy?.includes(payload.id)) return review;
    if (review.status !== "waiting") throw new Refused("review-not-waiting", `The review is ${review.status}.`);
    if (payload.subject !== review.subject || payload.review !== id)
      throw new Refused("attestation-mismatch", "The attestation is over another subject.");
    if (review.required.some(({ approvedBy }) => approvedBy.includes(enrolment.member)))
      throw new Refused("already-decided", "This person already decided.");
    review.decidedBy = [...(review.decidedBy ?? []), payload.id];
    const view = world.viewById.get(review.task);
    emit(review.task, {
      type: "attested",
      step: review.step,
      review: id,
      attestation: payload.id,
      member: enrolment.member,
      roles: enrolment.roles,
      decision: payload.decision,
      envelope,
      chain: [enrolment.envelope, ...enrolment.chain],
    });
    if (payload.decision === "reject") review.status = "rejected";
    else
      for (const one of review.required) if (enrolment.roles.includes(one.role)) one.approvedBy.push(enrolment.member);
    if (review.required.every(({ quorum, approvedBy }) => approvedBy.length >= quorum)) review.status = "approved";
    if (review.status !== "waiting") {
      const step = view.steps.find((one) => one.id === review.step);
      step.status = review.status === "approved" ? "applied" : "skipped";
      Object.assign(view, {
        settled: true,
        why: null,
        status: review.status === "approved" ? "succeeded" : "cancelled",
      });
      emit(review.task, { type: review.status === "approved" ? "step-applied" : "step-skipped", step: review.step });
      emit(review.task, { type: "task-settled", status: view.status, why: null });
    }
    return review;
  }

  /** A word on an effect in doubt, checked as the executor checks it. */
  async function resolve(task, step, body) {
    const { envelope, result } = SignedResolution.partial({ chain: true }).parse(body);
    resolutions.push(JSON.stringify(body));
    const enrolment = enrolmentBy(envelope.signatures[0].keyid);
    const payload = await statementIn(envelope, PAYLOAD_TYPES.resolution, Resolution, enrolment);
    const view = world.viewById.get(task);
    const found = view.steps.find(({ id }) => id === step);
    if (found.resolved?.resolution === payload.id) return view;
    const doubt = world.doubtByAction.get(payload.action);
    if (doubt === undefined) throw new Refused("not-in-doubt", "Nothing about this step is in doubt.");
    if (payload.digest !== doubt.digest || payload.attempt !== doubt.attempt)
      throw new Refused("attestation-mismatch", "The signature is over another attempt than is in doubt.");
    if ((payload.result === null) !== (result === null) || (result && !openCommitment(payload.result, result)))
      throw new Refused("disclosure-mismatch", "The result is not the one that was signed.");
    if (result && typeof result.value.refundId !== "string")
      throw new Refused("contract-violation", "/refundId: expected a string");
    world.doubtByAction.delete(payload.action);
    const { member } = enrolment;
    found.resolved = { resolution: payload.id, member, outcome: payload.outcome, contradiction: null };
    found.waitsFor = null;
    found.problem = null;
    found.status = payload.outcome === "applied" ? "applied" : payload.retry ? "applying" : "skipped";
    found.result = result?.value ?? null;
    if (!payload.retry) Object.assign(view, { status: "succeeded", settled: true, why: null });
    emit(task, { type: "doubt-resolved", step, resolution: payload.id, member, outcome: payload.outcome });
    if (view.settled) emit(task, { type: "task-settled", status: view.status, why: null });
    return view;
  }

  async function requestEnrolment(body) {
    const { possession } = z.strictObject({ possession: z.any() }).parse(body);
    const claimed = JSON.parse(Buffer.from(possession.payload, "base64").toString());
    const kid = keyId(claimed.key);
    const opened = await openEnvelope(possession, {
      payloadType: PAYLOAD_TYPES.possession,
      keys: new Map([[kid, claimed.key]]),
      schema: Possession,
    });
    if (!opened.ok) throw new Refused("possession-not-proved", opened.problem.detail);
    const request = { kid, member: claimed.member, key: claimed.key, createdAt: new Date().toISOString(), possession };
    requests.push(request);
    return request;
  }

  /** What an admin does on the command line. */
  async function enrol(kid, roles) {
    const index = requests.findIndex((one) => one.kid === kid);
    const [request] = requests.splice(index, 1);
    const envelope = await enrolmentOf({ publicJwk: request.key }, request.member, roles, keys.admin, Date.now());
    const chain = [await enrolmentOf(keys.admin, "grace", ["admin"], keys.root, Date.now())];
    enrolments.push({
      kid,
      member: request.member,
      roles,
      createdAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 365 * 86_400_000).toISOString(),
      revokedAt: null,
      envelope,
      chain,
      key: request.key,
    });
  }

  return { enrolments, requests, decisions, resolutions, emit, decide, resolve, requestEnrolment, enrol };
}
