/**
 * The tables of one executor object, in its own SQLite. Schema changes are appended, never edited: each runs once, in order.
 *
 *  journal   the hash chain: one row per record, with the values behind its commitments beside it. Rows after `delivered` are the outbox.
 *            `opening` is the position of the task's first record, null in that one
 *  tasks     which tasks are open; a task's state is the fold of its journal rows
 *  timers    everything that must happen at a time; the alarm is the earliest
 *  reviews   what waits for a person;  attestations  which signatures were used;  doubts  effects of which nobody knows yet
 *  releases, promotions, stops, revoked   what this object trusts and refuses
 *  tellings   how actions ended that whoever holds their domain key has not been told
 *  reservations   what aggregate limits were asked for and have not been told the end of
 *  resident_records   records of capabilities that live here; null where one was deleted
 *  dead_letters   messages of tasks here that no consumer of their queue could process
 *  outcomes, mismatches   how often predictions came true, and the newest actions of which they did not
 *  quarantined_tools   capabilities whose tool is not the one that their contract pins
 *  subject_keys   the keys of data subjects, each under a random id;  subject_tasks   what is sealed under which, 1 once nothing of an erased task is left elsewhere
 *  subject_consents   what a subject said about a purpose;  subject_erasures   keys that were destroyed, and what of that is still to be done elsewhere
 *  planning_leases   which planner of an open task has the say
 *  owed   automatic actions that people still have to judge, and those of which somebody is told
 *  set_aside   records that stay out of the chain, because the ledger has others at their positions
 *  meta      delivered, checkpoint, alarm, fence
 */
import type { ObjectStorage } from "../shared/platform.ts";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE journal (seq INTEGER PRIMARY KEY, task TEXT, hash TEXT NOT NULL, body TEXT NOT NULL, private TEXT);
   CREATE INDEX journal_by_task ON journal (task, seq) WHERE task IS NOT NULL;
   CREATE TABLE tasks (id TEXT PRIMARY KEY, automation TEXT NOT NULL, release TEXT NOT NULL, settled INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX tasks_open ON tasks (id) WHERE settled = 0;
   CREATE TABLE timers (task TEXT NOT NULL, name TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (task, name)) WITHOUT ROWID;
   CREATE INDEX timers_by_time ON timers (at_ms);
   CREATE TABLE reviews (id TEXT PRIMARY KEY, task TEXT NOT NULL, step TEXT NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX reviews_by_task ON reviews (task);
   CREATE TABLE attestations (id TEXT PRIMARY KEY, review TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE releases (digest TEXT PRIMARY KEY, automation TEXT NOT NULL, bundle TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE promotions (automation TEXT PRIMARY KEY, serial INTEGER NOT NULL, release TEXT NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE stops (kind TEXT NOT NULL, target TEXT NOT NULL, stop TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
   CREATE TABLE lifted (stop TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE revoked (kid TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE doubts (task TEXT NOT NULL, step TEXT NOT NULL, since_seq INTEGER NOT NULL, PRIMARY KEY (task, step)) WITHOUT ROWID;
   CREATE INDEX doubts_by_age ON doubts (since_seq);`,
  `CREATE TABLE open_tasks (id TEXT PRIMARY KEY) WITHOUT ROWID;
   INSERT INTO open_tasks SELECT id FROM tasks WHERE settled = 0;
   DROP TABLE tasks;
   ALTER TABLE open_tasks RENAME TO tasks;`,
  `CREATE TABLE reservations (turn INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, step TEXT NOT NULL, action TEXT NOT NULL, name TEXT NOT NULL);`,
  `CREATE TABLE resident_records (collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, value TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID;`,
  `CREATE TABLE dead_letters (action TEXT PRIMARY KEY, task TEXT NOT NULL, step TEXT NOT NULL, capability TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;`,
  `ALTER TABLE stops ADD COLUMN mode TEXT NOT NULL DEFAULT 'stop-all';`,
  // 1: the task had settled, and an undo is under way.
  `ALTER TABLE tasks ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;`,
  // A task's first record is found by its random id, the later ones by the position of the first: an index over ids alone would dirty another
  // page of the whole history with every record.
  `ALTER TABLE journal ADD COLUMN opening INTEGER;
   UPDATE journal SET opening = nullif((SELECT min(seq) FROM journal AS first WHERE first.task = journal.task), seq) WHERE task IS NOT NULL;
   DROP INDEX journal_by_task;
   CREATE INDEX journal_openings ON journal (task) WHERE task IS NOT NULL AND opening IS NULL;
   CREATE INDEX journal_later ON journal (opening) WHERE opening IS NOT NULL;`,
  `CREATE TABLE quarantined_tools (capability TEXT PRIMARY KEY, contract TEXT NOT NULL, tool TEXT NOT NULL, pinned TEXT NOT NULL, found TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE outcomes (automation TEXT NOT NULL, capability TEXT NOT NULL, matched INTEGER NOT NULL, mismatched INTEGER NOT NULL, unobserved INTEGER NOT NULL, PRIMARY KEY (automation, capability)) WITHOUT ROWID;
   CREATE TABLE mismatches (id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, step TEXT NOT NULL, capability TEXT NOT NULL, fields TEXT NOT NULL, at_ms INTEGER NOT NULL);`,
  `CREATE TABLE tellings (task TEXT NOT NULL, step TEXT NOT NULL, PRIMARY KEY (task, step)) WITHOUT ROWID;`,
  `CREATE TABLE subject_keys (id TEXT PRIMARY KEY, subject TEXT NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX subject_keys_by_subject ON subject_keys (subject);
   CREATE TABLE subject_tasks (key TEXT NOT NULL, task TEXT NOT NULL, swept INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (key, task)) WITHOUT ROWID;
   CREATE TABLE subject_consents (key TEXT NOT NULL, purpose TEXT NOT NULL, given INTEGER NOT NULL, evidence TEXT, by TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (key, purpose)) WITHOUT ROWID;
   CREATE TABLE subject_erasures (key TEXT PRIMARY KEY, digest TEXT NOT NULL, erasure TEXT NOT NULL, at_ms INTEGER NOT NULL, waits TEXT NOT NULL, sent TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
   CREATE INDEX subject_erasures_by_digest ON subject_erasures (digest);`,
  `CREATE TABLE planning_leases (task TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE set_aside (rewind TEXT NOT NULL, seq INTEGER NOT NULL, task TEXT, body TEXT NOT NULL, private TEXT, PRIMARY KEY (rewind, seq)) WITHOUT ROWID;`,
  `CREATE TABLE owed (kind TEXT NOT NULL, task TEXT NOT NULL, step TEXT NOT NULL, at_ms INTEGER NOT NULL, due_ms INTEGER, told_ms INTEGER, PRIMARY KEY (kind, task, step)) WITHOUT ROWID;
   CREATE INDEX owed_by_age ON owed (kind, at_ms);`,
];

/** Brings the schema up to date. Safe to call at every start. */
export function migrate(storage: Pick<ObjectStorage, "sql" | "transactionSync">): void {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)");
    const done = Number(storage.sql.exec("SELECT count(*) AS n FROM migrations").one()["n"]);
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < done) continue;
      storage.sql.exec(sql);
      storage.sql.exec("INSERT INTO migrations (version) VALUES (?)", index + 1);
    }
  });
}

export const readMeta = (sql: SqlStorage, key: string): string | null =>
  (sql.exec("SELECT value FROM meta WHERE key = ?", key).toArray()[0]?.["value"] as string | undefined) ?? null;

export const writeMeta = (sql: SqlStorage, key: string, value: string): void => {
  sql.exec(
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
};

/**
 * Resolves when a write of this instance is durable: it is the one that may write, and what it read was not behind. An object that the platform
 * has replaced may still be asked; here it throws, so that no answer leaves that would hold for good.
 */
export async function proveCurrent(storage: Pick<ObjectStorage, "sql" | "sync">): Promise<void> {
  writeMeta(storage.sql, "fence", "");
  await storage.sync();
}
