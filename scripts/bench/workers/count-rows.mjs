/**
 * Counts the rows that a Worker writes, where it writes them: `rowsWritten` of each statement on an object's own SQL, and
 * `meta.rows_written` of each D1 batch. Both count index rows, as Cloudflare bills them.
 */

/** Wraps `exec` of an object's storage; the returned counter grows with every statement. */
export function countObjectRows(state) {
  const counter = { rows: 0 };
  const { sql } = state.storage;
  const exec = sql.exec.bind(sql);
  sql.exec = (...args) => {
    const cursor = exec(...args);
    counter.rows += cursor.rowsWritten;
    return cursor;
  };
  return counter;
}

/** The environment with one D1 binding counted. */
export function countDatabaseRows(env, binding, counter) {
  const database = env[binding];
  return {
    ...env,
    [binding]: {
      prepare: (text) => database.prepare(text),
      batch: async (statements) => {
        const results = await database.batch(statements);
        for (const { meta } of results) counter.rows += meta.rows_written ?? 0;
        return results;
      },
    },
  };
}
