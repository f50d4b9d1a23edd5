/**
 * The state that a verification keeps for each task: as much as is needed to say whether the next event may stand there.
 * A settled task shrinks to its name.
 */
import type { StepDecision, TaskEvent } from "../events.ts";
import type { ProposedStep } from "../proposal.ts";

export type EventOf<Type extends TaskEvent["type"]> = Extract<TaskEvent, { type: Type }>;

export type Approval = { readonly attestation: string; readonly member: string; readonly roles: readonly string[] };
export type ReviewState = {
  readonly id: string;
  readonly subject: string;
  readonly required: EventOf<"review-requested">["required"];
  readonly expiresMs: number;
  readonly approvals: Approval[];
  approved: boolean;
  rejectedBy: string | null;
};

export type StepPhase = "open" | "waiting" | "claimed" | "in-doubt" | "paused" | "applied" | "skipped" | "ended";
export type StepState = {
  readonly proposed: Pick<ProposedStep, "id" | "capability" | "after" | "undo" | "predicted" | "fanOut">;
  /** What stands for the signed step in people's signatures. */
  readonly digest: string;
  /** The action's id, which follows from its task, round and place. */
  readonly action: string;
  /** Of an undo: the step that it takes back. */
  readonly undoes: string | null;
  readonly round: number;
  /** Position in its plan. */
  readonly index: number;
  readonly agent: string;
  readonly agentMember: string | null;
  decision: StepDecision;
  review: ReviewState | null;
  phase: StepPhase;
  claim: EventOf<"step-claimed"> | null;
  /** What the step waited for came, or its time. */
  over: boolean;
  /** What was predicted has its verdict. */
  observed: boolean;
  /** Claims so far. */
  attempts: number;
  /** A person's word on this step, for contradictions that come later. */
  resolution: string | null;
  /** The result that this word commits to; the applied event that follows must carry it. */
  resolvedResult: string | null;
};

/** A step that nothing has happened to yet. */
export const UNTOUCHED = {
  review: null,
  phase: "open",
  claim: null,
  over: false,
  observed: false,
  attempts: 0,
  resolution: null,
  resolvedResult: null,
} as const satisfies Partial<StepState>;

export type TaskState = {
  readonly task: string;
  readonly opened: EventOf<"task-opened">;
  round: number;
  last: boolean;
  compensating: boolean;
  readonly steps: Map<string, StepState>;
};

export const isOver = (phase: StepPhase): boolean => phase === "applied" || phase === "skipped" || phase === "ended";

/** The members who may not approve: whoever the task names as its requester or its cause, and whoever is behind the agent that proposed. */
export const requestersOf = ({ opened, steps }: TaskState, step: string): readonly string[] => [
  ...(opened.principal.member === null ? [] : [opened.principal.member]),
  ...(opened.trigger?.kind === "person" ? [opened.trigger.id] : []),
  ...[steps.get(step)?.agentMember ?? []].flat(),
];

export const holds = (roles: readonly string[], role: string): boolean => roles.includes(role) || roles.includes("*");

/** Whether each rule has its quorum of distinct members with its role. */
export const isSatisfied = ({ required, approvals }: Pick<ReviewState, "required" | "approvals">): boolean =>
  required.length > 0 &&
  required.every(
    ({ role, quorum }) =>
      new Set(approvals.filter(({ roles }) => holds(roles, role)).map(({ member }) => member)).size >= quorum,
  );

export const mayDecide = (required: ReviewState["required"], roles: readonly string[]): boolean =>
  required.some(({ role }) => holds(roles, role));
