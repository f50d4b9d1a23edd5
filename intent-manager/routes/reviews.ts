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

export const listReviews = endpoint(
  "GET /v1/reviews",
  {
    summary: "List what waits for a person",
    description:
      "Asked of every executor of the tenant, soonest deadline first. `incomplete` names executors that did not answer: their reviews are missing.",
    tag: "reviews",
    answers: { 200: { description: "What waits", schema: ReviewPage } },
  },
  async ({ env, caller }) => {
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.reviews());
    const reviews = answers
      .flatMap(({ value }) => value)
      .toSorted((a, b) => (a.expiresAt < b.expiresAt ? -1 : a.expiresAt > b.expiresAt ? 1 : 0));
    return ok({ reviews, incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)] });
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
