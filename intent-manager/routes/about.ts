/** The service itself: health, keys, trust, who is asking, what is going on. */
import { Health, Jwks, Overview, TrustView, Whoami } from "../../shared/api.ts";
import type { JobView } from "../../shared/api/jobs.ts";
import { ok } from "../../shared/result.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";
import type { LedgerHealth } from "../../shared/rpc/ledger.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { unfinishedErasures } from "../dispatch/subjects.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint, publicEndpoint } from "../http/endpoint.ts";
import { json } from "../http/reply.ts";
import { jobsOf } from "../jobs/runs.ts";
import { whatFails } from "../insight/health.ts";
import { summed } from "../insight/outcomes.ts";
import { proposalKeys, shownTrust, toJwk } from "../trust.ts";
import { LEDGER } from "./ledger.ts";

export const whoami = endpoint(
  "GET /v1/whoami",
  {
    summary: "What this API key stands for",
    tag: "service",
    answers: { 200: { description: "Tenant, role and member", schema: Whoami } },
  },
  async ({ caller: { key, role, member, tenant } }) => ok({ tenant: tenant.id, key, role, member }),
);

export const overview = endpoint(
  "GET /v1/overview",
  {
    summary: "What the system is doing now",
    description:
      "Asked of every executor and the ledger. `incomplete` names executors that did not answer; `ledger` is null when it did not.",
    tag: "service",
    answers: { 200: { description: "Counts and health", schema: Overview } },
  },
  async ({ env, caller }) => {
    const { key, role, member, tenant } = caller;
    const mayKnow = role === "admin" || role === "operator" || role === "auditor";
    const [{ answers, refusals, incomplete }, ledger, erasing, jobs] = await Promise.all([
      askAll(env, tenant, (stub) => stub.witness()),
      callWorker(LEDGER, () => env.LEDGER.health(tenant.id)).catch(() => null),
      mayKnow ? unfinishedErasures(env, tenant.id) : null,
      mayKnow ? jobsOf(env, tenant.id) : null,
    ]);
    const executors = answers.map(
      ({ value: { executor, tasks, head, delivered, alarms, stuck, quarantined, deadLetters, outcomes, keys } }) => ({
        executor,
        open: tasks.open,
        waiting: tasks.waiting,
        head: head.seq,
        delivered,
        alarms: [...alarms],
        stuck: role === "agent" ? [] : [...stuck],
        quarantined: role === "agent" ? [] : [...quarantined],
        deadLetters: role === "agent" ? { count: 0, newest: [] } : { ...deadLetters, newest: [...deadLetters.newest] },
        outcomes:
          role === "agent" ? { counts: [], newest: [] } : (outcomes as Overview["executors"][number]["outcomes"]),
        ...(keys === undefined
          ? {}
          : { keys: { signs: keys.signs, trusts: [...keys.trusts], revoked: [...keys.revoked] } }),
      }),
    );
    const view: Overview = {
      tenant: tenant.id,
      key,
      role,
      member,
      regions: [...tenant.regions],
      shards: tenant.shards,
      tasks: {
        open: executors.reduce((sum, { open }) => sum + open, 0),
        waiting: executors.reduce((sum, { waiting }) => sum + waiting, 0),
      },
      executors,
      outcomes: summed(executors.flatMap(({ outcomes }) => outcomes.counts)),
      ...(erasing === null ? {} : { erasing }),
      ...(jobs === null ? {} : { jobs: jobs.flatMap(leftBy) }),
      incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)],
      ledger: ledger?.ok === true ? shownLedger(ledger.value, role) : null,
    };
    return ok(view);
  },
);

/** A job whose last run left something that people have to look at. */
function leftBy({ name, runs }: JobView): { name: string; left: number; error: string | null; at: string }[] {
  const [last] = runs;
  if (last === undefined || (last.found <= last.repaired && last.error === null)) return [];
  return [{ name, left: last.found - last.repaired, error: last.error, at: last.startedAt }];
}

const shownLedger = (health: LedgerHealth, role: string): Overview["ledger"] => ({
  ...health,
  executors: [...health.executors],
  projections: [...health.projections],
  traces: role === "agent" ? null : health.traces,
  keys: health.keys === undefined ? undefined : { signs: [...health.keys.signs], trusts: [...health.keys.trusts] },
});

export const trust = endpoint(
  "GET /v1/trust",
  {
    summary: "What a verifier pins",
    description:
      "Public keys only. Take them from the deploy configuration where you can: what is verified should not be what says whom to trust.",
    tag: "service",
    answers: { 200: { description: "Root, proposal, receipt and checkpoint keys", schema: TrustView } },
  },
  async ({ env, caller: { tenant } }) => {
    const shown = shownTrust(env);
    const view: TrustView = {
      tenant: tenant.id,
      rootKey: tenant.rootKey,
      logOrigin: shown === null ? null : `${shown.logOrigin}/${tenant.id}`,
      regions: [...tenant.regions],
      shards: tenant.shards,
      proposalKeys: proposalKeys(env, shown),
      receiptKeys: shown?.receiptKeys ?? [],
      checkpointKeys: shown?.checkpointKeys ?? [],
      ...(shown?.retired === undefined ? {} : { retired: shown.retired }),
      ...(shown?.since === undefined ? {} : { since: datesOf(shown.since) }),
    };
    return ok(view);
  },
);

const datesOf = (since: { readonly [kid: string]: number }) =>
  Object.fromEntries(Object.entries(since).map(([kid, atMs]) => [kid, new Date(atMs).toISOString()]));

export const jwks = publicEndpoint(
  "GET /.well-known/jwks.json",
  {
    summary: "Public keys of plans and receipts",
    description: "Those in use, the next one before it signs, and retired ones, which sign nothing any more.",
    tag: "service",
    answers: { 200: { description: "RFC 7517 key set", schema: Jwks } },
  },
  async ({ env }) => {
    const shown = shownTrust(env);
    const { proposalKeys: plans = [], receiptKeys: receipts = [] } = shown?.retired ?? {};
    const keys = [...proposalKeys(env, shown), ...(shown?.receiptKeys ?? []), ...plans, ...receipts].map(toJwk);
    return json({ keys }, 200, { "cache-control": "public, max-age=300" });
  },
);

export const health = publicEndpoint(
  "GET /healthz",
  {
    summary: "Whether the service can decide",
    description:
      "The executors and the ledger run, the control database answers and every automation has a release in force that compiles. 503 `unhealthy` with reasons otherwise. `now` is the server's clock.",
    tag: "service",
    answers: { 200: { description: "It can", schema: Health } },
  },
  async ({ env }) => {
    const reasons = await whatFails(env);
    const now = new Date().toISOString();
    return reasons.length === 0
      ? ok({ status: "ok", reasons, now })
      : err(problem("unhealthy", reasons[0]!, { reasons, now }));
  },
);
