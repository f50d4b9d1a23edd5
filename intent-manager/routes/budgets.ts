/** Budgets for models: what is spent today, and what may be. */
import { asc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { BudgetsView } from "../../shared/api.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";
import { endpoint } from "../http/endpoint.ts";
import { dayOf, scopesOf } from "../planning/model/budget-book.ts";
import { tenantDayOf } from "../planning/model/tenant-day.ts";
import { loadRelease, readInForce } from "../releases/in-force.ts";
import { automations } from "../schema.ts";

export const readBudgets = endpoint(
  "GET /v1/budgets",
  {
    summary: "Read what models have cost today",
    description:
      "Of the tenant and of each automation whose release in force names models. Days begin at midnight UTC.",
    tag: "automations",
    answers: { 200: { description: "Spent, with what is reserved, and the limits", schema: BudgetsView } },
  },
  async ({ env, caller, nowMs }) => {
    const tenant = caller.tenant.id;
    const rows = await drizzle(env.CONTROL_DB)
      .select({ name: automations.name })
      .from(automations)
      .where(eq(automations.tenant, tenant))
      .orderBy(asc(automations.name))
      .limit(LIMITS.automationsBudgeted);
    const limits = await Promise.all(
      rows.map(async ({ name }) => {
        const inForce = await readInForce(env, tenant, name);
        const release = inForce === null ? null : await loadRelease(env, tenant, inForce.release);
        return { name, model: release?.ok === true ? release.value.bundle.model : undefined };
      }),
    );
    const named = limits.flatMap(({ name, model }) => (model === undefined ? [] : [{ name, limit: model.budget.day }]));
    const scopes = [scopesOf("", "", nowMs).tenantDay, ...named.map(({ name }) => scopesOf("", name, nowMs).day)];
    const [whole, ...each] = await env.MODEL_BUDGETS.getByName(tenant).spent(scopes);
    const figures = ({ calls, tokens, microCents }: NonNullable<typeof whole>) => ({ calls, tokens, microCents });
    return ok({
      day: dayOf(nowMs),
      configured: (env.OPENAI_API_KEY ?? "") !== "",
      tenant: { spent: figures(whole!), limit: tenantDayOf(env) },
      automations: named.map(({ name, limit }, i) => ({ automation: name, spent: figures(each[i]!), limit })),
    });
  },
);
