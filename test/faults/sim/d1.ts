/** D1 over the simulated network: each call is a point; a batch is one transaction where it arrives. */
import { aboutText, type MemoryDatabase, type Value } from "./databases.ts";
import { call, type Caller } from "./network.ts";
import type { Run } from "./run.ts";

type Bound = { readonly text: string; readonly params: readonly Value[] };

const isUpdate = aboutText((text) => /^\s*update/i.test(text));

export function d1Over(run: Run, database: MemoryDatabase, caller: Caller, point: string): D1Database {
  const executeOne = ({ text, params }: Bound) => {
    const results = database.all(text, params);
    return { results, success: true, meta: { changes: isUpdate(text) ? database.changes() : 0 } };
  };
  // A statement alone is all or nothing by itself.
  const execute = (statements: readonly Bound[]) =>
    statements.length === 1
      ? statements.map(executeOne)
      : database.atomically(() => statements.map((one) => executeOne(one)));
  const batch = (statements: readonly Bound[]) => call(run, caller, point, () => execute(statements));
  const one = async (statement: Bound) => (await batch([statement]))[0]!;
  const prepare = (text: string) => ({
    bind: (...params: Value[]) => {
      if (params.length > 100) throw new RangeError("D1 binds at most 100 parameters");
      const bound = { text, params };
      return {
        ...bound,
        all: () => one(bound),
        run: () => one(bound),
        first: async (column?: string) => {
          const row = (await one(bound)).results[0];
          return row === undefined ? null : column === undefined ? row : row[column];
        },
      };
    },
  });
  return { prepare, batch } as unknown as D1Database;
}
