/**
 * The figures that are kept: how each is called in storage and in Prometheus, what it counts, and what its label says. Labels are names of
 * automations, capabilities and regions, and words of closed sets: nobody who sends requests can make a new one.
 */

/** Ten minutes: an alert sees a change soon enough, and a month has a few thousand of them. */
export const FIGURE_BUCKET_MS = 600_000;
/** Upper bounds of durations, in milliseconds: from a fast effect to a week of waiting. */
export const DURATION_BOUNDS_MS = [
  10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000,
  86_400_000, 604_800_000,
] as const;
export const OVER = "over";

/** The bound that a duration falls under, as a label. */
export const boundOf = (ms: number): string => {
  const bound = DURATION_BOUNDS_MS.find((limit) => ms <= limit);
  return bound === undefined ? OVER : String(bound);
};

type Kind = "count" | "duration" | "sum";
type About = {
  readonly kind: Kind;
  readonly metric: string;
  readonly help: string;
  readonly label?: string;
  /** Of a sum: how many of what is stored are one of what is shown. */
  readonly per?: number;
};

export const FIGURES = {
  opened: { kind: "count", metric: "tasks_opened_total", help: "Tasks opened." },
  settled: { kind: "count", metric: "tasks_settled_total", help: "Tasks ended, by how.", label: "status" },
  cycle: { kind: "duration", metric: "task_cycle_seconds", help: "From the opening of a task to its end." },
  people: { kind: "count", metric: "tasks_with_people_total", help: "Tasks in which a person decided something." },
  step: {
    kind: "duration",
    metric: "step_latency_seconds",
    help: "From the claim of an action to the target's answer.",
  },
  attempts: { kind: "count", metric: "step_attempts_total", help: "Attempts of actions." },
  retries: {
    kind: "count",
    metric: "step_retries_total",
    help: "Attempts that another one follows, by why.",
    label: "code",
  },
  held: {
    kind: "count",
    metric: "step_holds_total",
    help: "Times that a gate or limit held an action back.",
    label: "code",
  },
  errors: { kind: "count", metric: "step_errors_total", help: "Steps that ended badly, by why.", label: "code" },
  applied: {
    kind: "count",
    metric: "actions_applied_total",
    help: "Actions applied: reads and writes.",
    label: "effect",
  },
  doubts: {
    kind: "count",
    metric: "effects_in_doubt_total",
    help: "Effects of which nobody knew whether they happened.",
  },
  doubt: { kind: "duration", metric: "doubt_seconds", help: "How long such a doubt lasted." },
  reviews: { kind: "count", metric: "reviews_total", help: "Reviews, by how they ended.", label: "outcome" },
  intervention: {
    kind: "duration",
    metric: "human_intervention_seconds",
    help: "From asking a person to their first decision.",
  },
  undos: {
    kind: "count",
    metric: "undos_total",
    help: "Actions taken back: compensations and reversals.",
    label: "kind",
  },
  overrides: {
    kind: "count",
    metric: "overrides_total",
    help: "Outcomes that a person decided instead of the system.",
  },
  predictions: {
    kind: "count",
    metric: "predictions_total",
    help: "Predicted against actual outcomes.",
    label: "verdict",
  },
  decisions: {
    kind: "count",
    metric: "decisions_reported_total",
    help: "Outcomes reported later, of tasks; those that the same source took back count again as superseded.",
    label: "verdict",
  },
  decisionsOf: {
    kind: "count",
    metric: "capability_decisions_reported_total",
    help: "The same for each capability about which such a task decided.",
    label: "verdict",
  },
  sla: { kind: "count", metric: "sla_total", help: "Tasks with a target for their cycle time.", label: "result" },
  modelCall: {
    kind: "duration",
    metric: "model_call_seconds",
    help: "Calls of models, those among them that were not used.",
  },
  modelErrors: { kind: "count", metric: "model_call_errors_total", help: "Calls that were not used.", label: "code" },
  modelTokens: { kind: "sum", metric: "model_tokens_total", help: "Tokens of model calls.", label: "direction" },
  recalled: {
    kind: "count",
    metric: "model_recalled_total",
    help: "Plans and labels that a model gave before for the same input, so that none was asked.",
  },
  recalledSaved: {
    kind: "sum",
    metric: "model_recalled_saved_cents_total",
    help: "What they cost when a model was asked, in cents.",
    per: 1_000_000,
  },
  planningStopped: {
    kind: "count",
    metric: "planning_stopped_total",
    help: "Rounds that nobody of a release's list could plan, by why.",
    label: "code",
  },
  cost: { kind: "sum", metric: "model_cost_cents_total", help: "Cost of model calls, in cents.", per: 1_000_000 },
} as const satisfies { readonly [name: string]: About };
export type FigureName = keyof typeof FIGURES;

/** One stored figure. `n` counts; `total` sums, in milliseconds, tokens or micro-cents. */
export type FigureRow = {
  readonly name: FigureName;
  readonly automation: string;
  readonly capability: string;
  readonly region: string;
  readonly label: string;
  readonly n: number;
  readonly total: number;
};

/** What waits now, by automation and region: how many tasks, and since when the oldest. `held`: by a gate or limit; `plan`: for its planner. */
export type OpenRow = {
  readonly what: "doubt" | "review" | "held" | "plan";
  readonly automation: string;
  readonly region: string;
  readonly count: number;
  readonly oldestMs: number | null;
};

export type Figures = {
  readonly rows: readonly FigureRow[];
  readonly open: readonly OpenRow[];
  /** There are more rows than an answer holds. */
  readonly cut: boolean;
};
