/** `GET …/evidence`: a task or a period as one page that verifies itself without a network, the same as `countersign evidence` writes. */
import * as z from "zod";
import { evidenceOf, type Scope } from "../../shared/evidence/index.ts";
import { evidencePage } from "../../shared/evidence/page.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Trust } from "../../shared/trust.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { pageParts } from "../insight/evidence-page.ts";
import { shownTrust } from "../trust.ts";
import { LEDGER } from "./ledger.ts";
import { PastTime, TaskPath } from "./shapes.ts";

const ABOUT = `An HTML page with the entries, their proofs, the signed checkpoint, the public keys and the verifier; at most ${LIMITS.evidenceAnswerEntries} entries. It holds no values. Keep it as a file: opened without a network, it verifies itself.`;

export const taskEvidence = endpoint(
  "GET /v1/tasks/{id}/evidence",
  {
    summary: "The evidence file of a task",
    description: ABOUT,
    tag: "answers",
    params: TaskPath,
    answers: { 200: { description: "The page", contentType: "text/html" } },
  },
  ({ env, caller, params, nowMs }) =>
    answered(env, caller.tenant.id, { kind: "task", task: params.id }, `evidence-${params.id}.html`, nowMs),
);

export const periodEvidence = endpoint(
  "GET /v1/evidence",
  {
    summary: "The evidence file of a period",
    description: `Of the tasks that were opened from \`from\` on and before \`to\`. ${ABOUT} Of more the command line makes one.`,
    tag: "answers",
    query: z
      .strictObject({ from: PastTime, to: PastTime })
      .refine(({ from, to }) => from < to, { error: "from comes before to", path: ["from"] }),
    answers: { 200: { description: "The page", contentType: "text/html" } },
  },
  ({ env, caller, query: { from, to }, nowMs }) => {
    const days = [from, to].map((ms) => new Date(ms).toISOString().slice(0, 10));
    const scope = { kind: "period", fromMs: from, toMs: to } as const;
    return answered(env, caller.tenant.id, scope, `evidence-${days.join("-to-")}.html`, nowMs);
  },
);

async function answered(
  env: Bindings,
  tenant: string,
  scope: Scope,
  name: string,
  nowMs: number,
): Promise<Result<never> | Response> {
  const trust = trustOf(env, tenant);
  if (!trust.ok) return trust;
  const parts = await pageParts(env);
  if (!parts.ok) return parts;
  const part = await callWorker(LEDGER, () => env.LEDGER.evidence(tenant, scope));
  if (!part.ok) return part;
  const page = evidencePage(evidenceOf({ tenant, trust: trust.value, scope, nowMs }, part.value), parts.value);
  return new Response(page, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // Should a browser show it in place of keeping it: it runs as a page of nobody's origin.
      "content-security-policy": "sandbox allow-scripts",
    },
  });
}

/** As good as this server's word: the page tells its reader to compare the root key. */
function trustOf(env: Bindings, tenant: string): Result<Trust> {
  const trust = shownTrust(env);
  return trust === null || !Object.hasOwn(trust.tenants, tenant)
    ? err(problem("not-running", "The deploy configuration does not say by which keys this log is verified."))
    : ok(trust);
}
