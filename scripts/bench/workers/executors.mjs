/** The executors Worker as shipped, with its written rows counted. */
import * as shipped from "../../../executors/index.ts";
import { countDatabaseRows, countObjectRows } from "./count-rows.mjs";

export * from "../../../executors/index.ts";
export default shipped.default;

export class RegionalExecutor extends shipped.RegionalExecutor {
  #object;
  #database;

  constructor(state, env) {
    const object = countObjectRows(state);
    const database = { rows: 0 };
    super(state, countDatabaseRows(env, "BUSINESS_EU", database));
    this.#object = object;
    this.#database = database;
  }

  rowsWritten() {
    return { object: this.#object.rows, database: this.#database.rows };
  }
}
