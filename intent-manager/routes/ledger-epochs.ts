/** Epochs: after a restore two people let the log go on. The ledger and every executor check their signatures themselves. */
import { EpochApplied } from "../../shared/api/epochs.ts";
import { SignedEpoch } from "../../shared/epoch.ts";
import { ok } from "../../shared/result.ts";
import { callWorker } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint } from "../http/endpoint.ts";
import { LEDGER } from "./ledger.ts";

export const applyEpoch = endpoint(
  "POST /v1/ledger/epochs",
  {
    summary: "Let the log go on after a restore",
    description:
      "The body is an epoch, signed by two members enrolled as admin (or the root): it names the newest checkpoint of the log that ended and the one from which the log goes on. It becomes an entry, ends the alarms of the executors, and has what the restored log lost delivered again. The same epoch again changes nothing: repeat it until nobody is missing. See docs/runbooks/restore.md.",
    tag: "ledger",
    body: SignedEpoch,
    answers: { 200: { description: "The epoch stands in the log", schema: EpochApplied } },
  },
  async ({ env, caller, body }) => {
    const written = await callWorker(LEDGER, () => env.LEDGER.epoch(caller.tenant.id, body));
    if (!written.ok) return written;
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.acceptEpoch(body));
    return ok({
      ...written.value,
      accepted: answers.map(({ executor }) => executor),
      refused: refusals.map(({ executor, problem: { code, detail } }) => ({ executor, code, detail })),
      incomplete: [...incomplete],
    });
  },
);
