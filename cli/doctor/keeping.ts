/** Does what stands outside the ledger's database agree with the log, and does it keep up? */
import type { Client } from "../../shared/client.ts";
import { fine, unknown, wrong, type Diagnosis } from "./diagnosis.ts";

/** Share of the allowed size of the database from which on it is worth a line. */
const FULL = 0.9;
/** Failed tries in a row that an outage of a few minutes does not explain. */
const FAILURES = 5;

export async function examineKeeping(client: Client): Promise<Diagnosis> {
  const state = await client.ledgerState();
  if (!state.ok) return unknown("archive", `${state.problem.code}: ${state.problem.detail}`);
  const { alarms, archive, published, database } = state.value;
  const alarm = alarms[0];
  if (alarm !== undefined)
    return wrong("archive", `${alarm.code}: ${alarm.detail}`, "do not write over it; see docs/runbooks/restore.md");
  const failing = [{ place: "archive", ...archive }, ...published].filter(({ failures }) => failures >= FAILURES);
  if (failing.length > 0)
    return wrong(
      "archive",
      failing.map(({ place, failures, lastError }) => `${place} failed ${failures} times: ${lastError}`).join("; "),
      "see docs/log.md",
    );
  if (database.bytes > database.limitBytes * FULL)
    return wrong(
      "archive",
      `the ledger's database has ${database.bytes} of ${database.limitBytes} bytes; beyond them nothing is appended`,
      "see docs/log.md",
    );
  return fine("archive", `${archive.entries} entries, ${archive.waiting} wait; nothing outside contradicts the log`);
}
