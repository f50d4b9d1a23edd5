/**
 * What a record says, in words. Made of verified records alone: whoever shows it needs no text from anybody, and nothing in it can be worded
 * by a planner. Values are commitments in the record, so words name things by their ids and tags.
 */
import { Attestation } from "../attestation.ts";
import { fromBase64 } from "../bytes.ts";
import type { ChainRecord, StepDecision, TaskEvent } from "../events.ts";
import { parseStrictJson } from "../json.ts";
import { Plan } from "../proposal.ts";
import { Resolution } from "../resolution.ts";
import { Reversal } from "../reversal.ts";
import type { Envelope } from "../signing.ts";
import type * as z from "zod";

export type Tone = "plain" | "person" | "good" | "bad" | "wait";
export type Said = {
  readonly title: string;
  /** Further sentences. */
  readonly more: readonly string[];
  /** What somebody wrote: quoted, never taken for our own words. */
  readonly quote: string | null;
  readonly tone: Tone;
  /** Id of the key that signed for this. */
  readonly kid: string | null;
};

type Event = ChainRecord["events"][number];
type Words = Partial<Said> & { readonly title: string };

/** One event in words. */
export function inWords(event: Event): Said {
  return { more: [], quote: null, tone: "plain", kid: null, ...words(event as TaskEvent) };
}

function words(event: TaskEvent): Words {
  switch (event.type) {
    case "task-opened": {
      const { principal, trigger, purpose } = event;
      return {
        title: `Asked for: ${event.automation}${principal.member === null ? "" : `, in the name of ${principal.member}`}`,
        more: [
          `By the ${principal.role} key ${principal.key}.`,
          ...(trigger === null ? [] : [`Set off by ${trigger.kind} ${trigger.id}.`]),
          ...(purpose === null ? [] : [`Purpose: ${purpose}.`]),
          `Decided under the release ${short(event.release)}.`,
        ],
      };
    }
    case "plan-admitted": {
      const plan = opened(event.envelope, Plan);
      return {
        title: `${event.planner === "playbook" ? "The playbook's" : `${event.agent}'s`} plan was admitted`,
        kid: keyOf(event.envelope),
        more: (plan?.steps ?? []).map(({ id, capability }) => {
          const decision = event.decisions[id];
          return `${id} (${capability}): ${decision === undefined ? "not decided" : decided(decision)}`;
        }),
      };
    }
    case "step-resolved":
      return {
        title: `${event.step}: ${decided(event.decision)}`,
        more: event.tags.length === 0 ? [] : [`It is about ${event.tags.join(", ")}.`],
      };
    case "review-requested":
      return {
        title: `${event.step} waited for ${event.required.map(({ role, quorum }) => `${quorum} × ${role}`).join(" and ")}`,
        more: [`Asked for by the rule ${event.required.map(({ rule }) => rule).join(", ")}.`],
        tone: "wait",
      };
    case "attested": {
      const signed = opened(event.envelope, Attestation);
      return {
        title: `${event.member} ${event.decision === "approve" ? "countersigned" : "rejected"} ${event.step}`,
        more: [`As ${event.roles.join(", ")}, with a key of their own.`],
        quote: signed?.reason ?? null,
        tone: event.decision === "approve" ? "person" : "bad",
        kid: keyOf(event.envelope),
      };
    }
    case "review-approved":
      return { title: `${event.step} had the approvals that it needs`, tone: "person" };
    case "review-rejected":
      return { title: `${event.step} was not approved`, tone: "bad" };
    case "review-expired":
      return { title: `Nobody decided about ${event.step} in time`, tone: "bad" };
    case "step-claimed":
      return {
        title: `${event.step} began${event.attempt > 1 ? `, attempt ${event.attempt}` : ""}`,
        more: [`Delivery: ${event.delivery}.`],
      };
    case "step-applied":
      return {
        title: `${event.step} was done`,
        more: [
          ...(event.tags.length === 0 ? [] : [`It changed ${event.tags.join(", ")}.`]),
          ...(event.attestations.length === 0 ? [] : ["On the signature above."]),
          ...(event.replayed ? ["It had been done by an earlier attempt; this is its record."] : []),
        ],
        tone: "good",
      };
    case "step-denied":
      return {
        title: `${event.step} was denied`,
        more: [event.byDefault ? "No rule allows it." : `By ${event.rules.join(", ")}.`],
        tone: "bad",
      };
    case "step-refused":
      return { title: `${event.step} was refused by its target (${event.code}) and not executed`, tone: "bad" };
    case "step-failed":
      return { title: `${event.step} failed (${event.code})`, tone: "bad" };
    case "step-in-doubt":
      return { title: `It is not known whether ${event.step} was executed`, tone: "bad" };
    case "doubt-resolved": {
      const signed = opened(event.envelope, Resolution);
      return {
        title: `${event.member} said that ${event.step} was ${event.outcome === "applied" ? "" : "not "}executed`,
        quote: signed?.reason ?? null,
        tone: "person",
        kid: keyOf(event.envelope),
      };
    }
    case "step-skipped":
      return { title: `${event.step} was left out (${event.why})` };
    case "outcome-reported":
      return {
        title: `${event.judged === undefined ? `${event.source} reported that the decision` : `${event.judged.member} looked at ${event.judged.step} and said that it`} was ${event.correct ? "right" : "wrong"}${event.label === null ? "" : ` (${event.label})`}`,
      };
    case "cancel-requested":
      return { title: `${event.by} asked to cancel the task` };
    case "undo-started": {
      const signed = event.envelope === null ? null : opened(event.envelope, Reversal);
      return {
        title: `${event.step} is taken back ${event.kind === "compensation" ? "because the task failed" : `because ${event.by} asked for it`}`,
        quote: signed?.reason ?? null,
        tone: "wait",
        kid: event.envelope === null ? null : keyOf(event.envelope),
      };
    }
    case "compensation-started":
      return { title: "The task failed, and takes back what it did", tone: "bad" };
    case "task-settled":
      return {
        title: `The task ended: ${event.status}${event.why === null ? "" : ` (${event.why})`}`,
        tone: event.status === "succeeded" ? "good" : "bad",
      };
    default:
      return { title: named(event) };
  }
}

/** An event that has no sentence here is named as the protocol names it. */
const named = (event: { readonly type: string; readonly step?: string }): string =>
  `${event.step === undefined ? "" : `${event.step}: `}${event.type.replaceAll("-", " ")}`;

const ANSWERED: Record<StepDecision["answer"], string> = {
  allow: "allowed",
  notify: "allowed, with a notice",
  review: "needs a person",
  deny: "denied",
};
const decided = ({ answer, byDefault, rules, final }: StepDecision): string =>
  `${ANSWERED[answer]}, ${byDefault ? "because no rule matched" : `by ${rules.join(", ")}`}${final ? "" : "; not final yet"}`;

const short = (digest: string): string => digest.slice(0, 19);
const keyOf = (envelope: Envelope): string | null => envelope.signatures[0]?.keyid ?? null;

/** The payload of an envelope that was verified with the record that holds it. */
function opened<Schema extends z.ZodType>(envelope: Envelope, schema: Schema): z.output<Schema> | null {
  const bytes = fromBase64(envelope.payload);
  const value = bytes === null ? null : parseStrictJson(bytes);
  const parsed = value?.ok === true ? schema.safeParse(value.value) : null;
  return parsed?.success === true ? parsed.data : null;
}
