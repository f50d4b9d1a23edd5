/** Automations: what exists, which release is in force, pausing and resuming. */
import { and, asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { AutomationPage, AutomationView, Restored, Stopped } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import { err } from "../../shared/result.ts";
import { problem } from "../../shared/problems.ts";
import type { Bindings } from "../bindings.ts";
import { restoreEverywhere, standingStops, stopEverywhere } from "../dispatch/stops.ts";
import { endpoint } from "../http/endpoint.ts";
import { idempotencyKey } from "../http/headers.ts";
import { automations } from "../schema.ts";
import { automationView, type AutomationRow } from "../releases/views.ts";
import { AutomationPath, IDEMPOTENT, Nothing, SignedByPerson, StopBody } from "./shapes.ts";

async function viewsOf(env: Bindings, tenant: string, only?: string): Promise<AutomationView[]> {
  const named = only === undefined ? sql`1` : eq(automations.name, only);
  const rows = await drizzle(env.CONTROL_DB)
    .select({ name: automations.name })
    .from(automations)
    .where(and(eq(automations.tenant, tenant), named))
    .orderBy(asc(automations.name))
    .limit(200);
  const stops = await standingStops(env, tenant, "automation", only === undefined ? undefined : [only]);
  return Promise.all(
    rows.map((row: AutomationRow) => automationView(env, tenant, row.name, stops.get(row.name) ?? null)),
  );
}

export const listAutomations = endpoint(
  "GET /v1/automations",
  {
    summary: "List automations",
    tag: "automations",
    answers: { 200: { description: "Each with the release in force", schema: AutomationPage } },
  },
  async ({ env, caller }) => ok({ automations: await viewsOf(env, caller.tenant.id) }),
);

export const readAutomation = endpoint(
  "GET /v1/automations/{name}",
  {
    summary: "Read an automation",
    tag: "automations",
    params: AutomationPath,
    answers: { 200: { description: "With its releases, newest first", schema: AutomationView } },
  },
  async ({ env, caller, params }) => {
    const [view] = await viewsOf(env, caller.tenant.id, params.name);
    return view === undefined
      ? err(problem("unknown-automation", `There is no automation named ${params.name}.`))
      : ok(view);
  },
);

export const putAutomation = endpoint(
  "PUT /v1/automations/{name}",
  {
    summary: "Create an automation",
    description: "It does nothing until a release of it is promoted. Repeating the request changes nothing.",
    tag: "automations",
    params: AutomationPath,
    body: Nothing,
    answers: { 200: { description: "The automation", schema: AutomationView } },
  },
  async ({ env, caller, params, nowMs }) => {
    await drizzle(env.CONTROL_DB)
      .insert(automations)
      .values({ tenant: caller.tenant.id, name: params.name, createdAt: nowMs })
      .onConflictDoNothing();
    const [view] = await viewsOf(env, caller.tenant.id, params.name);
    return ok(view);
  },
);

export const pauseAutomation = endpoint(
  "POST /v1/automations/{name}/pause",
  {
    summary: "Pause an automation",
    description: `New tasks are refused, and tasks in flight stop before their next claim or, with \`mode: "stop-new"\`, finish. \`incomplete\` names executors that have not confirmed: repeat with the same \`Idempotency-Key\`. ${IDEMPOTENT}`,
    tag: "automations",
    params: AutomationPath,
    body: StopBody,
    answers: { 200: { description: "Paused; what had been claimed already is listed", schema: Stopped } },
  },
  async (call) => {
    const { env, caller, params, body, request } = call;
    const key = idempotencyKey(request, undefined);
    if (!key.ok) return key;
    const [view] = await viewsOf(env, caller.tenant.id, params.name);
    if (view === undefined) return err(problem("unknown-automation", `There is no automation named ${params.name}.`));
    return stopEverywhere(call, { kind: "automation", target: params.name, ...body }, key.value);
  },
);

export const resumeAutomation = endpoint(
  "POST /v1/automations/{name}/resume",
  {
    summary: "Resume an automation",
    description: `The body is a restore of the stop, signed by an admin or the root. ${IDEMPOTENT}`,
    tag: "automations",
    params: AutomationPath,
    body: SignedByPerson,
    answers: { 200: { description: "Resumed", schema: Restored } },
  },
  ({ env, caller, params, body, nowMs }) =>
    restoreEverywhere(env, caller, { kind: "automation", target: params.name }, body, nowMs),
);
