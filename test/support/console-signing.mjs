/** The signatures of the made-up world: real keys, real envelopes. */
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { digestOf } from "../../shared/canonical.ts";
import { commit } from "../../shared/commitments.ts";
import { actionId, planId, toBase32 } from "../../shared/ids.ts";
import { generateKeyPair } from "../../shared/keys.ts";
import { signEnvelope } from "../../shared/signing.ts";

export const MINUTE = 60_000;
export const at = (ms) => new Date(ms).toISOString();
export const RELEASE = digestOf({ release: "returns" });
const CONTRACT = digestOf({ contract: 1 });
const SALT = "AAAAAAAAAAAAAAAAAAAAAA";
export const token = (seed) => toBase32(Uint8Array.from({ length: 16 }, (_, i) => (seed * 37 + i * 11) % 256));

export async function makeKeys() {
  const make = () => generateKeyPair({ extractable: true });
  const [root, admin, proposal, receipt, checkpoint, ada] = await Promise.all([
    make(),
    make(),
    make(),
    make(),
    make(),
    make(),
  ]);
  return { root, admin, proposal, receipt, checkpoint, ada };
}

/** An enrolment envelope, signed by `issuer`. */
export const enrolmentOf = (key, member, roles, issuer, nowMs) =>
  signEnvelope({
    payloadType: PAYLOAD_TYPES.enrolment,
    payload: {
      version: 1,
      tenant: "dev",
      member,
      key: key.publicJwk,
      roles,
      notBeforeMs: nowMs - 60 * MINUTE,
      expiresMs: nowMs + 365 * 86_400_000,
    },
    signers: [issuer],
  });

/** Signs the receipt of an applied step. */
export async function receiptOf(keys, view, one, index, attestations, atMs) {
  return signEnvelope({
    payloadType: PAYLOAD_TYPES.receipt,
    payload: {
      version: 1,
      tenant: "dev",
      executor: view.executor,
      task: view.id,
      step: one.id,
      action: actionId(view.id, one.round, index),
      proposal: one.proposal,
      capability: one.capability,
      contract: CONTRACT,
      release: RELEASE,
      delivery: one.capability.includes("find") || one.capability.includes("get") ? "resident" : "exactly-once",
      effectKey: one.capability === "orders.cancel" ? "cancel:order:W4219" : null,
      premises: one.premises,
      left: null,
      attestations,
      result: commit(SALT, one.result),
      replayed: false,
      atMs,
      seq: view.seq,
    },
    signers: [keys.receipt],
  });
}

/** The event that admits the signed plan of a round. */
export async function planEvent(keys, view, round, planner, nowMs) {
  const steps = view.steps.filter((one) => one.round === round);
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.plan,
    payload: {
      version: 1,
      tenant: "dev",
      region: view.region,
      task: view.id,
      automation: view.automation,
      plan: planId(view.id, round),
      round,
      last: planner === "playbook",
      agent: { planner, id: planner === "playbook" ? "playbook" : "support-agent", member: null },
      release: RELEASE,
      input: commit(SALT, view.input),
      notBeforeMs: nowMs,
      expiresMs: nowMs + 10 * MINUTE,
      steps: steps.map((one) => ({
        id: one.id,
        proposal: one.proposal,
        capability: one.capability,
        contract: CONTRACT,
        args: {},
        after: one.after,
        when: null,
        premises: [],
        undo: null,
        claimedConfidence: null,
        rationale: null,
        predicted: null,
        advice: { answer: one.decision?.answer ?? "allow", final: true, rules: one.decision?.rules ?? [] },
      })),
    },
    signers: [keys.proposal],
  });
  return {
    type: "plan-admitted",
    round,
    plan: planId(view.id, round),
    planner,
    agent: planner === "playbook" ? "playbook" : "support-agent",
    last: planner === "playbook",
    envelope,
    decisions: {},
    provenance: {},
  };
}
