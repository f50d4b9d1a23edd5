/** What the checker knows of tasks and steps, and how it reads what the protocol writes. A part of the checker. */
import type { Evidence } from "./evidence.ts";

export type Finding = { readonly rule: string; readonly what: string };
export type Report = (rule: string, what: string) => void;

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Event = { readonly type: string; readonly [name: string]: Json };
export type Record = {
  readonly seq: number;
  readonly prev: string;
  readonly atMs: number;
  readonly task: string | null;
  readonly executor: string;
  readonly events: readonly Event[];
};
export type PlannedStep = { readonly id: string; readonly capability: string; readonly args: { [name: string]: Json } };
export type StepFacts = {
  readonly planned: PlannedStep;
  /** The step that this one takes back, and why; null for any other. */
  readonly of: string | null;
  readonly kind: string | null;
  phase: string;
  claims: number;
  action: string | null;
  approvals: Set<string>;
  reviewExpiresMs: number | null;
  applied: number;
  appliedMs: number;
  /** Position among all that the task applied. */
  appliedAs: number;
  doubts: number;
  resolutions: number;
  resolved: string | null;
  windowClosed: boolean;
  wait: {
    readonly wait: string;
    readonly name: string | null;
    readonly untilMs: number | null;
    readonly early: string | null;
  } | null;
  waitEnds: number;
  endedBy: string | null;
};
export type TaskFacts = {
  readonly id: string;
  readonly automation: string;
  readonly steps: Map<string, StepFacts>;
  readonly signals: Map<string, { readonly name: string; taken: boolean }>;
  /** What was taken back, and how. */
  readonly takenBack: Map<string, string>;
  settled: string[];
  afterSettled: number;
  awaitsPlan: boolean;
  compensating: boolean;
  /** Ended because the person whom it is about was erased. */
  erased: boolean;
  changes: number;
};

export const payloadOf = (envelope: Json): { [name: string]: Json } =>
  JSON.parse(Buffer.from((envelope as { payload: string }).payload, "base64").toString("utf8"));

export const isRewound = (evidence: Evidence, task: string): boolean =>
  evidence.shards.some(({ executor, isRewound }) => isRewound && executor.endsWith(`/${task.split("_")[2]}`));

/** Capabilities without an effect outside. */
export const changesNothing = (capability: string): boolean =>
  capability === "journal.note" || capability.startsWith("wait.");
export const newStep = (planned: PlannedStep, of: string | null = null, kind: string | null = null): StepFacts => ({
  planned,
  of,
  kind,
  phase: "proposed",
  claims: 0,
  action: null,
  approvals: new Set(),
  reviewExpiresMs: null,
  applied: 0,
  appliedMs: 0,
  appliedAs: 0,
  doubts: 0,
  resolutions: 0,
  resolved: null,
  windowClosed: false,
  wait: null,
  waitEnds: 0,
  endedBy: null,
});
