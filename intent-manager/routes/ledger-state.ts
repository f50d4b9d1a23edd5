/** What of the log stands outside its database: the archive, published checkpoints, alarms, epochs. */
import { LedgerState } from "../../shared/api/ledger.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { LEDGER } from "./ledger.ts";

export const ledgerState = endpoint(
  "GET /v1/ledger/state",
  {
    summary: "How the log is kept",
    description:
      "How far the archive and each published checkpoint have come, how full the database is, and what outside contradicts the log.",
    tag: "ledger",
    answers: { 200: { description: "The state of the log", schema: LedgerState } },
  },
  ({ env, caller }) => callWorker(LEDGER, () => env.LEDGER.state(caller.tenant.id)),
);
