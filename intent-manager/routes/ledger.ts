/** The record: entries, proofs and the witnesses that an auditor compares them with. */
import * as z from "zod";
import { ConsistencyProof, EffectPage, EntryPage, InclusionProof, TaskProof, WitnessPage } from "../../shared/api.ts";
import { RegionId, TaskId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { callWorker } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint } from "../http/endpoint.ts";
import { count, pageSize } from "./shapes.ts";

export const LEDGER = "countersign-ledger";
const Index = count(Number.MAX_SAFE_INTEGER);

export const ledgerEntries = endpoint(
  "GET /v1/ledger/entries",
  {
    summary: "Read ledger entries",
    description:
      "By index, or those of one task. `body` is the exact canonical text: the leaf of the log is its bytes.",
    tag: "ledger",
    query: z.strictObject({
      from: Index.optional(),
      limit: pageSize(LIMITS.pageEntries).optional(),
      task: TaskId.optional(),
    }),
    answers: { 200: { description: "A page of entries", schema: EntryPage } },
  },
  ({ env, caller, query }) =>
    callWorker(LEDGER, () =>
      env.LEDGER.entries({
        tenant: caller.tenant.id,
        from: query.from ?? 0,
        limit: query.limit ?? 100,
        ...(query.task === undefined ? {} : { task: query.task }),
      }),
    ),
);

/** Entries of one task that one answer proves: a task has one entry for each round and decision. */
const PROVED_ENTRIES = 32;

export const ledgerProof = endpoint(
  "GET /v1/ledger/proof",
  {
    summary: "Prove inclusion or consistency",
    description:
      "`index` (and `size`): one entry is in the log. `task`: each entry of a task is. `from` and `to`: the larger log continues the smaller one.",
    tag: "ledger",
    query: z.union([
      z.strictObject({ index: Index, size: Index.optional() }),
      z.strictObject({ task: TaskId }),
      z.strictObject({ from: Index, to: Index }),
    ]),
    answers: {
      200: {
        description: "RFC 6962 proof, hashes in base64",
        schema: z.union([InclusionProof, TaskProof, ConsistencyProof]),
      },
    },
  },
  async ({ env, caller, query }) => {
    const tenant = caller.tenant.id;
    if ("from" in query) {
      const { from, to } = query;
      const answer = await callWorker(LEDGER, () => env.LEDGER.consistency({ tenant, from, to }));
      return answer.ok ? ok({ from, to, proof: answer.value.proof }) : answer;
    }
    if ("index" in query) {
      const { index, size } = query;
      return callWorker(LEDGER, () => env.LEDGER.inclusion({ tenant, index, ...(size === undefined ? {} : { size }) }));
    }
    const { task } = query;
    const found = await callWorker(LEDGER, () => env.LEDGER.entries({ tenant, from: 0, limit: PROVED_ENTRIES, task }));
    if (!found.ok) return found;
    const proofs = await Promise.all(
      found.value.entries.map(({ index }) => callWorker(LEDGER, () => env.LEDGER.inclusion({ tenant, index }))),
    );
    const failed = proofs.find((proof) => !proof.ok);
    return failed ?? ok({ task, proofs: proofs.flatMap((proof) => (proof.ok ? [proof.value] : [])) });
  },
);

export const ledgerWitnesses = endpoint(
  "GET /v1/ledger/witnesses",
  {
    summary: "What each executor says about itself",
    description:
      "Head of its chain, what the ledger confirmed, the newest checkpoint that it verified, its alarms and stops. A verifier compares these with the log.",
    tag: "ledger",
    answers: { 200: { description: "Witnesses", schema: WitnessPage } },
  },
  async ({ env, caller }) => {
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.witness());
    return ok({
      witnesses: answers.map(({ value }) => value),
      incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)],
    });
  },
);

export const ledgerEffects = endpoint(
  "GET /v1/ledger/effects",
  {
    summary: "What the business database says was done",
    description:
      "Rows of the region's own effect table, for the completeness check: an effect without an entry in the log was nobody's proposal. Ask again with `after` = `next`.",
    tag: "ledger",
    query: z.strictObject({
      region: RegionId,
      after: z.string().max(100).optional(),
      limit: pageSize(1_000).optional(),
    }),
    answers: { 200: { description: "A page of effects", schema: EffectPage } },
  },
  async ({ env, caller, query }) => {
    if (!caller.tenant.regions.includes(query.region))
      return err(problem("region-unavailable", `This tenant has no region ${query.region}.`, { region: query.region }));
    const limit = query.limit ?? 500;
    const rows = await callWorker("countersign-executors", () =>
      env.EXECUTORS.effects({ tenant: caller.tenant.id, region: query.region, after: query.after ?? "", limit }),
    );
    if (!rows.ok) return rows;
    return ok({ effects: rows.value, next: rows.value.length < limit ? null : (rows.value.at(-1)?.action ?? null) });
  },
);
