/** Data subjects: what is held about a person, erasing it, and their consent to a purpose. */
import * as z from "zod";
import { ConsentRecorded, SubjectErased, SubjectView } from "../../shared/api.ts";
import { Purpose, SubjectId } from "../../shared/subjects.ts";
import { eraseEverywhere, recordConsent, subjectEverywhere } from "../dispatch/subjects.ts";
import { endpoint } from "../http/endpoint.ts";
import { idempotencyKey } from "../http/headers.ts";
import { json } from "../http/reply.ts";
import { IDEMPOTENT } from "./shapes.ts";

const SubjectPath = z.object({ id: SubjectId });

export const readSubject = endpoint(
  "GET /v1/subjects/{id}",
  {
    summary: "What is held about a person",
    description:
      "Asked of every executor: tasks whose values are sealed under the person's keys, words on purposes, erasures and how far they are. The id is the tenant's own, `kind:id`.",
    tag: "subjects",
    params: SubjectPath,
    answers: { 200: { description: "What every executor says", schema: SubjectView } },
  },
  ({ env, caller, params }) => subjectEverywhere(env, caller, params.id),
);

export const eraseSubject = endpoint(
  "DELETE /v1/subjects/{id}",
  {
    summary: "Erase a person",
    description: `Destroys the person's keys in every executor of every region: what was sealed under them is unreadable for everybody, tasks about them that have not acted end, and the record still verifies. 200 when all is done; 202 while \`remaining\` or \`incomplete\` say otherwise: repeat with the same \`Idempotency-Key\`. \`left\` counts what had left before. ${IDEMPOTENT}`,
    tag: "subjects",
    params: SubjectPath,
    answers: {
      200: { description: "Erased", schema: SubjectErased },
      202: {
        description: "The keys are destroyed where an executor has answered; something is left to do",
        schema: SubjectErased,
      },
    },
  },
  async (call) => {
    const key = idempotencyKey(call.request, undefined);
    if (!key.ok) return key;
    const erased = await eraseEverywhere(call, call.params.id, key.value);
    return erased.ok ? json(erased.value, erased.value.done ? 200 : 202) : erased;
  },
);

export const putConsent = endpoint(
  "PUT /v1/subjects/{id}/consents/{purpose}",
  {
    summary: "Record a person's consent to a purpose, or its withdrawal",
    description: `Recorded in every executor and, as a commitment, in the ledger. Withdrawn (\`given: false\`), no task about the person for this purpose claims anything after the answer; \`alreadyClaimed\` lists what had been. Where \`done\` is false, repeat the request. ${IDEMPOTENT}`,
    tag: "subjects",
    params: z.object({ id: SubjectId, purpose: Purpose }),
    body: z.strictObject({ given: z.boolean(), evidence: z.string().min(1).max(500).optional() }),
    answers: { 200: { description: "Recorded", schema: ConsentRecorded } },
  },
  (call) =>
    recordConsent(call, call.params.id, {
      purpose: call.params.purpose,
      given: call.body.given,
      evidence: call.body.evidence ?? null,
    }),
);
