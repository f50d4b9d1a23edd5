/** Reviews: what waits for a person, and the signed decisions of people. The executor checks every signature; here they are passed on. */
import * as z from "zod";
import { ReviewPage } from "../../shared/api.ts";
import { parseReviewId } from "../../shared/ids.ts";
import { ok } from "../../shared/result.ts";
import { Envelope } from "../../shared/signing.ts";
import { ReviewView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint } from "../http/endpoint.ts";
import { chainOf } from "../members/enrolments.ts";
import { IDEMPOTENT, ReviewPath } from "./shapes.ts";

const taskOf = (review: string): string => parseReviewId(review)?.task ?? "";

const by =
  <T>(key: (one: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

export const listReviews = endpoint(
  "GET /v1/reviews",
  {
    summary: "List what waits for a person",
    description:
      "Asked of every executor of the tenant: decisions, soonest deadline first, and effects in doubt, oldest first. `incomplete` names executors that did not answer: what waits in them is missing.",
    tag: "reviews",
    answers: { 200: { description: "What waits", schema: ReviewPage } },
  },
  async ({ env, caller }) => {
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.waiting());
    const reviews = answers.flatMap(({ value }) => value.reviews).toSorted(by(({ expiresAt }) => expiresAt));
    const doubts = answers.flatMap(({ value }) => value.doubts).toSorted(by(({ since }) => since));
    return ok({ reviews, doubts, incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)] });
  },
);

export const readReview = endpoint(
  "GET /v1/reviews/{id}",
  {
    summary: "Read a review",
    description: "With the parts of its subject digest: recompute it before signing.",
    tag: "reviews",
    params: ReviewPath,
    answers: { 200: { description: "The review", schema: ReviewView } },
  },
  ({ env, caller, params }) => callExecutorOf(env, caller.tenant, taskOf(params.id), (stub) => stub.review(params.id)),
);

export const decideReview = endpoint(
  "POST /v1/reviews/{id}/decision",
  {
    summary: "Send a signed decision",
    description: `The body is an attestation signed on the reviewer's own device. Where \`chain\` is absent it is looked up among the enrolments by key id. ${IDEMPOTENT}`,
    tag: "reviews",
    params: ReviewPath,
    body: z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3).optional() }),
    answers: { 200: { description: "The review after the decision", schema: ReviewView } },
  },
  async ({ env, caller, params, body }) => {
    const { envelope } = body;
    const chain = body.chain ?? [...(await chainOf(env, caller.tenant.id, envelope.signatures[0]!.keyid))];
    return callExecutorOf(env, caller.tenant, taskOf(params.id), (stub) => stub.decide(params.id, { envelope, chain }));
  },
);
