/**
 * Records that live in the executor's own storage, and the versions of one commit round. A record is at home in one shard (shared/home.ts);
 * the others refuse it, so there is one truth about it.
 *
 * N1  What a decision reads is what stands when its round is written: earlier decisions of the same round are seen, and nobody else writes.
 * N2  A decision's changes are written in the transaction that writes its record, or not at all.
 * N3  A version rises with each change and never falls: a deleted record keeps its version.
 * N4  At most LIMITS.residentRecords records, each at most LIMITS.residentValueChars characters.
 */
import { canonicalize } from "../../shared/canonical.ts";
import { homeShard } from "../../shared/home.ts";
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";

/** A record as it stands; version 0 where there never was one, `value` null where there is none now. */
export type ResidentRecord = { readonly version: number; readonly value: Json | null };
/** A change of one record; null deletes it. */
export type ResidentWrite = { readonly collection: string; readonly id: string; readonly value: Json | null };

type Row = { version: number; value: string | null };
const keyOf = (collection: string, id: string): string => `${collection}/${id}`;

export class ResidentRecords {
  readonly #sql: SqlStorage;
  readonly #shard: number;
  readonly #shards: number;

  constructor(sql: SqlStorage, shard: number, shards: number) {
    this.#sql = sql;
    this.#shard = shard;
    this.#shards = shards;
  }

  /** The records as one round sees them. */
  round(): RoundRecords {
    return new RoundRecords(
      (collection, id) => this.#read(collection, id),
      (id) => this.#notHome(id),
      this.#count(),
    );
  }

  #read(collection: string, id: string): ResidentRecord {
    const [row] = this.#sql
      .exec<Row>("SELECT version, value FROM resident_records WHERE collection = ? AND id = ?", collection, id)
      .toArray();
    return row === undefined
      ? { version: 0, value: null }
      : { version: row.version, value: row.value === null ? null : (JSON.parse(row.value) as Json) };
  }

  #notHome(id: string): Problem | null {
    const home = homeShard(id, this.#shards);
    return home === this.#shard
      ? null
      : problem("audience-mismatch", `This record lives in the shard ${home}; a release says which by \`home\`.`, {
          shard: home,
        });
  }

  /** Asked only where something is added: a table of this size is counted in under a millisecond. */
  #count(): () => number {
    let count: number | null = null;
    return () => (count ??= this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM resident_records").one().n);
  }
}

type Changed = {
  readonly collection: string;
  readonly id: string;
  readonly version: number;
  readonly value: Json | null;
};

/** The versions that a round would write, on top of what is stored. */
export class RoundRecords {
  readonly #stored: (collection: string, id: string) => ResidentRecord;
  readonly #notHome: (id: string) => Problem | null;
  readonly #count: () => number;
  readonly #changedByKey = new Map<string, Changed>();

  constructor(
    stored: (collection: string, id: string) => ResidentRecord,
    notHome: (id: string) => Problem | null,
    count: () => number,
  ) {
    this.#stored = stored;
    this.#notHome = notHome;
    this.#count = count;
  }

  /** The records as one decision sees them. Its changes are the round's once `keep` is called. */
  stage(): StagedRecords {
    return new StagedRecords(
      (collection, id) => this.#changedByKey.get(keyOf(collection, id)) ?? this.#stored(collection, id),
      this.#notHome,
      () => this.#count() + this.#changedByKey.size,
      (changed) => {
        for (const one of changed) this.#changedByKey.set(keyOf(one.collection, one.id), one);
      },
    );
  }

  /** Writes what the round changed. Called inside its transaction (N2). */
  write(sql: SqlStorage): void {
    for (const { collection, id, version, value } of this.#changedByKey.values())
      sql.exec(
        "INSERT OR REPLACE INTO resident_records (collection, id, version, value) VALUES (?, ?, ?, ?)",
        collection,
        id,
        version,
        value === null ? null : canonicalize(value),
      );
  }
}

/** The versions of one decision. */
export class StagedRecords {
  readonly #below: (collection: string, id: string) => ResidentRecord;
  readonly #notHome: (id: string) => Problem | null;
  readonly #count: () => number;
  readonly #keep: (changed: Iterable<Changed>) => void;
  readonly #changedByKey = new Map<string, Changed>();

  constructor(
    below: (collection: string, id: string) => ResidentRecord,
    notHome: (id: string) => Problem | null,
    count: () => number,
    keep: (changed: Iterable<Changed>) => void,
  ) {
    this.#below = below;
    this.#notHome = notHome;
    this.#count = count;
    this.#keep = keep;
  }

  read(collection: string, id: string): ResidentRecord {
    return this.#changedByKey.get(keyOf(collection, id)) ?? this.#below(collection, id);
  }

  /** Why this object does not keep the record; null where it does. Problem: audience-mismatch. */
  notHome(id: string): Problem | null {
    return this.#notHome(id);
  }

  /** Why these changes do not fit; null where they do. Problem: task-limit. */
  refuses(writes: readonly ResidentWrite[]): Problem | null {
    if (writes.some(({ value }) => value !== null && canonicalize(value).length > LIMITS.residentValueChars))
      return problem("task-limit", `A record has at most ${LIMITS.residentValueChars} characters.`);
    const added = writes.filter(({ collection, id }) => this.read(collection, id).version === 0).length;
    return added > 0 && this.#count() + this.#changedByKey.size + added > LIMITS.residentRecords
      ? problem("task-limit", `An executor keeps at most ${LIMITS.residentRecords} records.`)
      : null;
  }

  put(writes: readonly ResidentWrite[]): void {
    for (const { collection, id, value } of writes)
      this.#changedByKey.set(keyOf(collection, id), {
        collection,
        id,
        version: this.read(collection, id).version + 1,
        value,
      });
  }

  /** The decision stands: its changes become the round's. */
  keep(): void {
    this.#keep(this.#changedByKey.values());
  }
}

/** For decisions where no record is kept. */
export const noRecords = (): StagedRecords =>
  new StagedRecords(
    () => ({ version: 0, value: null }),
    () => problem("audience-mismatch", "No records are kept here."),
    () => 0,
    () => {},
  );
