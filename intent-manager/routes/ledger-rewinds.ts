/** Rewinds: an executor whose storage went back goes on from what the log holds of its chain, once two people signed. The executor checks them itself. */
import * as z from "zod";
import { RewindApplied, RewindFound } from "../../shared/api/rewinds.ts";
import { fromBase64 } from "../../shared/bytes.ts";
import { GENESIS_HASH, type ChainRecord } from "../../shared/events.ts";
import { ExecutorName, parseExecutorName } from "../../shared/ids.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { Rewind, SignedRewind } from "../../shared/rewind.ts";
import { callExecutor, callWorker } from "../dispatch/executor.ts";
import type { Tenant } from "../http/caller.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { LEDGER } from "./ledger.ts";

export const findRewind = endpoint(
  "GET /v1/ledger/rewinds",
  {
    summary: "What an executor's storage has lost",
    description:
      "For an executor that raised `chain-fork` because its storage went back to an earlier moment: up to where its chain is known to be the log's, and the head of its chain in the log. See docs/runbooks/restore.md.",
    tag: "ledger",
    query: z.object({ executor: ExecutorName }),
    answers: { 200: { description: "What two people would sign", schema: RewindFound } },
  },
  async ({ env, caller, query }) => {
    const { executor } = query;
    if (!isOurs(caller.tenant, executor)) return err(NOT_FOUND);
    const witness = await callExecutor(env, executor, (stub) => stub.witness());
    if (!witness.ok) return witness;
    const { delivered, head } = witness.value;
    const part = await callWorker(LEDGER, () =>
      env.LEDGER.chain({ tenant: caller.tenant.id, executor, after: delivered }),
    );
    if (!part.ok) return part;
    const next = part.value.records[0];
    if (next === undefined)
      return err(problem("not-found", "The log holds nothing of this chain that the executor does not know of."));
    const hash = delivered === 0 ? GENESIS_HASH : (JSON.parse(next) as ChainRecord).prev;
    return ok({ executor, kept: { seq: delivered, hash }, ledger: part.value.head, head });
  },
);

export const applyRewind = endpoint(
  "POST /v1/ledger/rewinds",
  {
    summary: "Let a restored executor go on",
    description:
      "The body is a rewind, signed by two members enrolled as admin (or the root): it names an executor, up to where its chain is known to be the log's, and the head of its chain in the log. The executor takes what it lost from the log, ends what it cannot go on with, and takes tasks again. The same rewind again changes nothing. See docs/runbooks/restore.md.",
    tag: "ledger",
    body: SignedRewind,
    answers: { 200: { description: "The executor goes on", schema: RewindApplied } },
  },
  async ({ env, caller, body }): Promise<Result<RewindApplied>> => {
    const value = parseStrictJson(fromBase64(body.envelope.payload) ?? new Uint8Array());
    const payload = Rewind.safeParse(value.ok ? value.value : null);
    if (!payload.success) return err(problem("payload-invalid", "The envelope does not hold a rewind."));
    const { executor } = payload.data;
    return isOurs(caller.tenant, executor)
      ? callExecutor(env, executor, (stub) => stub.acceptRewind(body))
      : err(NOT_FOUND);
  },
);

function isOurs(tenant: Tenant, executor: string): boolean {
  const named = parseExecutorName(executor);
  return (
    named !== null && named.tenant === tenant.id && tenant.regions.includes(named.region) && named.shard < tenant.shards
  );
}
