/** The ledger Worker as shipped, with its written rows counted. */
import * as shipped from "../../../ledger/index.ts";
import { countDatabaseRows } from "./count-rows.mjs";

export default shipped.default;
export const LedgerEntrypoint = shipped.LedgerEntrypoint;

export class Sequencer extends shipped.Sequencer {
  #database;

  constructor(state, env) {
    const database = { rows: 0 };
    super(state, countDatabaseRows(env, "LEDGER_DB", database));
    this.#database = database;
  }

  rowsWritten() {
    return { object: 0, database: this.#database.rows };
  }
}
