/**
 * Notices of actions that were done without a person: each is sent once to where alerts go. It names the action and until when it can be taken back,
 * and holds no value of a task; whoever reads it looks the action up. At least once: a run that dies between sending and noting sends the same
 * message with the same id again.
 */
import type { OwedView } from "../../shared/api/oversight.ts";
import { utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutor } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import type { Tenant } from "../http/caller.ts";
import { alertTarget, deliver } from "./notify.ts";

export type Told = { readonly due: number; readonly sent: number; readonly failed: readonly string[] };

export async function tellNotices(
  env: Bindings,
  tenant: Tenant,
  nowMs: number,
  send: typeof fetch = fetch,
): Promise<Told> {
  const target = alertTarget(env);
  if (target === null) return { due: 0, sent: 0, failed: [] };
  const { answers, refusals, incomplete } = await askAll(env, tenant, (stub) => stub.owed("notice"));
  const due = answers.flatMap(({ executor, value }) =>
    value.filter(({ toldAt }) => toldAt === null).map((notice) => ({ executor, notice })),
  );
  const failed = [...incomplete, ...refusals.map(({ executor }) => executor)].map((who) => `${who}: no answer`);
  const told = await Promise.all(
    due.slice(0, LIMITS.noticesTold).map(async ({ executor, notice }) => ({
      executor,
      notice,
      error: target === "invalid" ? "not-configured" : await tell(target, tenant.id, notice, { nowMs, send }),
    })),
  );
  for (const { notice, error } of told) if (error !== null) failed.push(`${notice.task} ${notice.step}: ${error}`);
  const sent = told.filter(({ error }) => error === null);
  for (const executor of new Set(sent.map((one) => one.executor))) {
    const here = sent.filter((one) => one.executor === executor);
    await callExecutor(env, executor, (stub) =>
      stub.noticed(here.map(({ notice: { task, step } }) => ({ task, step }))),
    );
  }
  return { due: due.length, sent: sent.length, failed };
}

function tell(
  target: Exclude<ReturnType<typeof alertTarget>, null | "invalid">,
  tenant: string,
  { task, step, automation, capability, at, dueAt, rules }: OwedView,
  how: { readonly nowMs: number; readonly send: typeof fetch },
): Promise<string | null> {
  const data = { tenant, task, step, automation, capability, rules, reversibleUntil: dueAt };
  const body = JSON.stringify({ type: "action.notice", timestamp: at, data });
  const id = `ntc_${sha256Hex(utf8(JSON.stringify([tenant, task, step]))).slice(0, 32)}`;
  return deliver(target, id, body, how);
}
