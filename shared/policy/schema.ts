/**
 * The form of a policy, as it stands in a release. Rules have no order; the strongest answer of all that match wins.
 */
import * as z from "zod";
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

/** Aggregate limits have no place here yet: a policy that carries any other key is refused, not half understood. */
export const Policy = z
  .strictObject({
    /** The answer where no rule matches. `review` names its reviewers in `defaultReviewers`. */
    default: z.enum(["deny", "review"]),
    defaultReviewers: Reviewers.optional(),
    rules: z.array(Rule).max(LIMITS.policyRules),
  })
  .refine((policy) => (policy.default === "review") === (policy.defaultReviewers !== undefined), {
    error: "defaultReviewers stands exactly where the default is review",
    path: ["defaultReviewers"],
  });
export type Policy = z.infer<typeof Policy>;
