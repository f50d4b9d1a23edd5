/**
 * The form of a policy, as it stands in a release. Rules have no order; the strongest answer of all that match wins.
 */
import * as z from "zod";
import { ROLES } from "../capability.ts";
import { LIMITS } from "../limits.ts";

/** From strongest to weakest. */
export const ANSWERS = ["deny", "review", "notify", "allow"] as const;
export type Answer = (typeof ANSWERS)[number];

export const RuleId = z.string().regex(/^[a-z][a-z0-9-]{0,99}$/);

export const Reviewers = z.strictObject({
  /** Role that each approver's enrolment must carry. */
  role: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  /** Different people who must approve. */
  quorum: z.int().min(1).max(5),
});
export type Reviewers = z.infer<typeof Reviewers>;

const rule = {
  id: RuleId,
  when: z.string().min(1).max(LIMITS.celChars),
  message: z.string().min(1).max(500).optional(),
};

/** `reviewers` stands exactly where the answer is `review`. */
export const Rule = z.discriminatedUnion("then", [
  z.strictObject({ ...rule, then: z.literal("review"), reviewers: Reviewers }),
  z.strictObject({ ...rule, then: z.enum(["deny", "notify", "allow"]) }),
]);
export type Rule = z.infer<typeof Rule>;

const Window = z.string().regex(/^[1-9][0-9]{0,3}[smhd]$/);
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `24h` in milliseconds. */
export const windowMs = (window: string): number =>
  Number(window.slice(0, -1)) * UNIT_MS[window.at(-1) as keyof typeof UNIT_MS];

/**
 * An aggregate limit: over the actions for which `when` holds and that share a `group`, the sum (or the count) inside any window is at most
 * `max`. Where an action would exceed it, it is denied, or waits for the limit's reviewers.
 */
export const Limit = z
  .strictObject({
    id: RuleId,
    when: z.string().min(1).max(LIMITS.celChars),
    /** CEL, an int of at least 0: what one action adds. Stands exactly where `count` does not. */
    sum: z.string().min(1).max(LIMITS.celChars).optional(),
    count: z.literal(true).optional(),
    /** CEL, a string, int or bool. Actions with equal values share the limit; absent, all do. */
    group: z.string().min(1).max(LIMITS.celChars).optional(),
    window: Window,
    max: z.int().min(0),
    exceeded: z.enum(["deny", "review"]),
    /** Stands exactly where `exceeded` is `review`. */
    reviewers: Reviewers.optional(),
    message: z.string().min(1).max(500).optional(),
  })
  .refine((limit) => (limit.sum === undefined) !== (limit.count === undefined), {
    error: "a limit has either sum or count",
  })
  .refine((limit) => (limit.exceeded === "review") === (limit.reviewers !== undefined), {
    error: "reviewers stands exactly where exceeded is review",
    path: ["reviewers"],
  })
  .refine((limit) => windowMs(limit.window) <= LIMITS.limitWindowMs, {
    error: "the window is too long",
    path: ["window"],
  });
export type Limit = z.infer<typeof Limit>;

/** Where arguments of these roles may come from anywhere: an exception from the guard that holds without it (role-guard.ts). */
export const Unguarded = z.strictObject({
  ...rule,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
});
export type Unguarded = z.infer<typeof Unguarded>;

export const Policy = z
  .strictObject({
    /** The answer where no rule matches. `review` names its reviewers in `defaultReviewers`. */
    default: z.enum(["deny", "review"]),
    defaultReviewers: Reviewers.optional(),
    rules: z.array(Rule).max(LIMITS.policyRules),
    limits: z.array(Limit).min(1).max(LIMITS.policyLimits).optional(),
    unguarded: z.array(Unguarded).min(1).max(LIMITS.policyUnguarded).optional(),
    /** Who is asked where a guarded argument is named by nobody; absent, `defaultReviewers`, else one approver. */
    guardReviewers: Reviewers.optional(),
  })
  .refine((policy) => (policy.default === "review") === (policy.defaultReviewers !== undefined), {
    error: "defaultReviewers stands exactly where the default is review",
    path: ["defaultReviewers"],
  });
export type Policy = z.infer<typeof Policy>;
