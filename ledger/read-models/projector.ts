/**
 * What a read model is: a pure fold of entries into rows, and the table that keeps them. Everything else (cursor, quarantine, rebuilding)
 * is the follower's.
 */
import type { Json } from "../../shared/json.ts";

/** An entry as a read model sees it. It verified when it arrived, but may be older than this code: read it with care. */
export type ReadEntry = {
  readonly index: number;
  readonly executor: string;
  readonly task: string | null;
  readonly type: string;
  readonly data: Json;
};

export type Projector<Row> = {
  readonly name: string;
  /** Raise it when the rows would come out differently: the read model is then built again. */
  readonly version: number;
  /** The row that an entry changes, or null where it changes none. */
  readonly keyOf: (entry: ReadEntry) => string | null;
  /** Whether an entry begins its row, whatever row there was: `evolve` then looks at no other, and none is read for it. */
  readonly begins: (entry: ReadEntry) => boolean;
  /** The row after an entry. Throws for an entry that it cannot read: that entry is quarantined, and the row stays as it was. */
  readonly evolve: (row: Row | null, entry: ReadEntry) => Row;
  /**
   * SQL; ?1 is the tenant, ?2 a JSON array. `load` reads the rows of the keys in ?2 in the shape of Row (CROSS JOIN from the keys: left to
   * itself the planner may go through the whole table). */
  readonly load: string;
  readonly keyOfRow: (row: Row) => string;
  /** Upserts the rows in ?2, where ?3 is still the cursor of this read model (`guard`); several statements where it has several tables. */
  readonly save: string | readonly string[];
  /** The rows of one step as they are best written together. */
  readonly together?: (rows: readonly Row[]) => readonly Row[];
  /** A row as it is once it is stored, where it carries something that only `save` needs. */
  readonly stored?: (row: Row) => Row;
  /** Deletes all rows of the tenant. */
  readonly clear: string | readonly string[];
};

/** True while the cursor of the read model `name` stands at ?3: a follower that was overtaken writes nothing. */
export const guard = (name: string): string =>
  `EXISTS (SELECT 1 FROM rm_cursor WHERE tenant = ?1 AND name = '${name}' AND cursor = ?3)`;
