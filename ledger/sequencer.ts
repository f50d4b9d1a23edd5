/**
 * Sequencer: one object per tenant, named by it. It gives the tenant's entries their order and writes them to D1 in batches: while one
 * batch is written, the next one fills. It stores nothing itself but an alarm; the database is the record, memory is a copy of its end.
 *
 * Ordered, always: a read model's cursor <= size of the log = leaves of the checkpoint.
 *
 * L1  The entries of a tenant have the indexes 0, 1, 2, … without a gap, and an entry once written never changes.
 * L2  A batch (entries, tiles, cursors, head, checkpoint) is written completely or not at all: one D1 transaction.
 * L3  The head moves by compare-and-swap: a batch is inserted only behind the batch that its writer saw, and one batch has one successor.
 *     Two sequencers that both believe to be the one cannot both write.
 * L4  An executor's chain stands in the log without a gap or fork: a delivery joins only at cursor + 1 with the cursor's hash.
 * L5  A record stands in the log once, however often it is delivered.
 * L6  Success is answered only after the commit point; a checkpoint is shown only after the tree under it is written.
 * L7  One batch at a time. After a batch that was not seen to be written, memory is dropped, and the same deliveries are cut again
 *     against what the database holds: recovery is the path of success.
 * L8  Read models follow behind the commit point; none of them delays or fails an append. An alarm is set before a batch is written, so that
 *     they follow although the object stops; it is set again only while one of them is behind: an idle tenant's object sleeps.
 * L9  What is answered without a write (repeats, refusals) is answered from the database as it is then: no compare-and-swap has shown that
 *     memory is right, and an object that the platform has replaced may still be asked. A stale answer would be taken for a contradiction.
 * L10 After the read models, the alarm moves what is old into the archive and publishes the newest checkpoint; it is set until that is done.
 * L11 Where the database is as large as it may be, nothing is appended: executors keep their records, and take no new tasks once too many wait.
 *
 * append()   written | repeated (same answer) | refused { chain-gap | chain-fork | checkpoint-inconsistent | overloaded | log-full |
 *            head-moved | not-running | internal-error }
 * epoch()    written | repeated (same answer) | refused { checkpoint-inconsistent | replayed | head-moved | not-running }
 * open()     the newest checkpoint; begins the log where there is none | not-running
 * rebuild()  the read model is empty and follows again | not-found | not-running
 */
import { LIMITS } from "../shared/limits.ts";
import { pauseOn, type ObjectStorage, type Platform } from "../shared/platform.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { AppendAnswer, EpochAnswer } from "../shared/rpc/ledger.ts";
import type { Arrival } from "./arrival.ts";
import { answersFrom } from "./answers.ts";
import { cut, type Placed } from "./batch.ts";
import { configOf, type Settings } from "./config.ts";
import { writeEpoch, type CheckedEpoch } from "./epochs.ts";
import { keepingOf } from "./keeping.ts";
import { Log } from "./log.ts";
import type { Due } from "./outside/keeper.ts";
import { readEntries, type LogStore } from "./outside/log-store.ts";
import { Follower } from "./read-models/follower.ts";
import { PROJECTORS } from "./read-models/index.ts";
import { RecentEntries } from "./read-models/recent.ts";
import { writeBatch } from "./store.ts";

type Waiting = { readonly arrival: Arrival; readonly answer: (result: Result<AppendAnswer>) => void };

const newFollowers = (tenant: string) => PROJECTORS.map((projector) => new Follower(tenant, projector));

const unavailable = (): Problem => problem("not-running", "The ledger's database cannot be reached.");
const full = (bytes: number): Problem =>
  problem("log-full", "The ledger's database is as large as it may be.", { bytes });

/** What one sequencer is made of. */
export type SequencerParts = {
  readonly tenant: string;
  readonly platform: Platform;
  readonly storage: Pick<ObjectStorage, "getAlarm" | "setAlarm">;
  readonly database: () => D1Database;
  readonly settings: Settings;
  /** Where entries are that the database does not hold any more; absent for nowhere. */
  readonly archive?: R2Bucket;
  /** One run of what happens beside the appends (ledger/outside/keeper.ts); absent for none. */
  readonly keep?: () => Promise<Due>;
  /** Keeps the object alive until this is over. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Told of every batch that is written. Never throws. */
  readonly written?: () => void;
};

export class TenantSequencer {
  readonly #parts: SequencerParts;
  readonly #tenant: string;
  readonly #queue: Waiting[] = [];
  #queuedChars = 0;
  #sequencing = false;
  /** Entries of the newest batch: whether deliveries come in numbers. */
  #batchEntries = 0;
  /** Null where memory is not to be believed (L7). */
  #log: Log | null = null;
  readonly #recent = new RecentEntries();
  #followers: ReturnType<typeof newFollowers>;
  #following: Promise<void> | null = null;
  /** A read model may have something left to do. */
  #isBehind = false;

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    this.#tenant = parts.tenant;
    this.#followers = newFollowers(parts.tenant);
  }

  /** Orders a delivery that `arrive` found sound, and answers when it is durable. */
  append(arrival: Arrival): Promise<Result<AppendAnswer>> {
    if (this.#queue.length > 0 && this.#queuedChars + arrival.chars > LIMITS.sequencerQueueChars)
      return Promise.resolve(err(problem("overloaded", "Too many deliveries wait to be written.")));
    return new Promise((answer) => {
      this.#queue.push({ arrival, answer });
      this.#queuedChars += arrival.chars;
      if (!this.#sequencing) void this.#sequenceAll();
    });
  }

  /** The newest checkpoint; begins the log where there is none. */
  async open(): Promise<Result<string>> {
    // Not kept: only the batch in hand may decide what memory holds (L7).
    const log = await answered(() => this.#readLog());
    return log.ok ? ok(log.value.head.note) : log;
  }

  /** Writes an epoch beside the batches: the compare-and-swap keeps them apart (L3). */
  async epoch(checked: CheckedEpoch): Promise<Result<EpochAnswer>> {
    const config = await configOf(this.#parts.settings);
    if (!config.ok) return config;
    const signer = config.value.checkpointSigner(this.#tenant);
    const write = () => writeEpoch(this.#store(), this.#tenant, signer, checked, this.#parts.platform.nowMs());
    const written = await answered(write);
    this.#log = null; // nothing that is remembered holds after it
    await this.#wakeAgain(0);
    return written;
  }

  async rebuild(name: string): Promise<Result<null>> {
    const follower = this.#followers.find(({ projector }) => projector.name === name);
    if (follower === undefined) return err(problem("not-found", "There is no such read model."));
    try {
      await follower.reset(this.#parts.database());
    } catch {
      return err(unavailable());
    }
    await this.#wakeAgain();
    this.#follow();
    return ok(null);
  }

  /** Resolves when no read model has anything left to do, or none can go on now. */
  async followed(): Promise<void> {
    while (this.#following !== null) await this.#following;
  }

  /** Takes up read models that stood still when the object stopped, and does what is due outside the database (L10). */
  async alarm(): Promise<void> {
    this.#follow();
    await this.followed();
    const due = await (this.#parts.keep?.() ?? null);
    if (this.#isBehind || this.#sequencing) await this.#wakeAgain();
    if (due !== null) await this.#wakeAgain(due);
  }

  async #sequenceAll(): Promise<void> {
    this.#sequencing = true;
    // The deliveries of a tenant's executors leave at the same moment: where they are many, the first waits for the others and shares its batch.
    if (this.#batchEntries >= LIMITS.batchGatherEntries) await pauseOn(this.#parts.platform)(LIMITS.batchGatherMs);
    while (this.#queue.length > 0)
      try {
        await this.#sequence();
      } catch (cause) {
        // A mistake of ours must not leave anybody waiting for ever.
        this.#parts.platform.log("sequencer", { error: cause instanceof Error ? cause.message : "unknown" });
        this.#log = null;
        this.#refuse(this.#queue.length, problem("internal-error", "The batch could not be made."));
      }
    this.#sequencing = false;
  }

  /** Takes the next batch out of the queue and writes it. Answers every delivery that it took. */
  async #sequence(): Promise<void> {
    let failure = unavailable();
    let count = this.#queue.length;
    for (let attempt = 0; attempt < LIMITS.batchAttempts; attempt++) {
      const config = await configOf(this.#parts.settings);
      if (!config.ok) return this.#refuse(count, config.problem);
      const keeping = keepingOf(this.#parts.settings.LOG_KEEPING);
      if (!keeping.ok) return this.#refuse(count, keeping.problem);
      const signer = config.value.checkpointSigner(this.#tenant);
      const isRemembered = this.#log !== null;
      const opened = await answered(() => this.#openLog());
      if (!opened.ok) {
        failure = opened.problem;
        if (failure.code === "head-moved") continue;
        return this.#refuse(count, failure);
      }
      const log = opened.value;

      const batchCut = cut(this.#queue, log.cursors, log.head.size);
      count = batchCut.placed.length;
      if (batchCut.entries.length === 0) {
        if (!isRemembered) return this.#settle(batchCut.placed, log);
        this.#log = null; // L9
        continue;
      }
      if (log.databaseBytes > keeping.value.databaseBytes) {
        this.#log = null; // L11: what it holds now is asked again
        void this.#wakeAgain().catch(() => {});
        if (isRemembered) continue;
        return this.#refuse(count, full(log.databaseBytes));
      }

      const batch = await log.extend(batchCut, signer, this.#parts.platform.nowMs());
      this.#log = null; // L7: until the database says otherwise
      void this.#wakeAgain().catch(() => {}); // L8
      const written = await writeBatch(this.#parts.database(), batch, log.sized); // the commit point is inside
      if (written === "written") {
        log.advance(batch);
        this.#batchEntries = batch.entries.length;
        this.#log = log;
        this.#recent.push(
          batch.firstIndex,
          batch.entries.map(({ body }) => body),
        );
        this.#settle(batchCut.placed, log);
        this.#follow();
        this.#parts.written?.();
        return;
      }
      failure = written === "head-moved" ? problem("head-moved", "Another writer moves the head.") : unavailable();
    }
    this.#refuse(count, failure);
  }

  /** The log as the database holds it, from memory where that can be believed. Throws where the database does not answer. */
  async #openLog(): Promise<Result<Log>> {
    if (this.#log !== null) return ok(this.#log);
    // The database may have gone back to an earlier moment: nothing that is remembered holds any more.
    this.#recent.clear();
    this.#followers = newFollowers(this.#tenant);
    const log = await this.#readLog();
    if (log.ok) this.#log = log.value;
    return log;
  }

  async #readLog(): Promise<Result<Log>> {
    const config = await configOf(this.#parts.settings);
    if (!config.ok) return config;
    const signer = config.value.checkpointSigner(this.#tenant);
    return Log.open(this.#parts.database(), this.#tenant, signer, this.#parts.platform.nowMs());
  }

  #take(count: number): void {
    for (const { arrival } of this.#queue.splice(0, count)) this.#queuedChars -= arrival.chars;
  }

  #refuse(count: number, failure: Problem): void {
    const refused = this.#queue.slice(0, count);
    this.#take(count);
    for (const { answer } of refused) answer(err(failure));
  }

  /** Answers what was placed, without keeping the next batch waiting. */
  #settle(placed: readonly Placed<Waiting>[], log: Log): void {
    this.#take(placed.length);
    const answerOf = answersFrom(this.#store(), this.#tenant, log);
    for (const { waiting, place } of placed)
      void answerOf(waiting.arrival, place).then(waiting.answer, () => waiting.answer(err(unavailable())));
  }

  /** Lets the read models follow, behind whatever is being written (L8). */
  #follow(): void {
    this.#isBehind = true;
    if (this.#following !== null) return;
    this.#following = this.#followAll()
      .catch(() => {
        this.#isBehind = true; // The alarm takes it up again.
      })
      .finally(() => {
        this.#following = null;
      });
    this.#parts.waitUntil(this.#following);
  }

  /** Sets the alarm where there is none, or a later one. */
  async #wakeAgain(ms: number = LIMITS.projectionRetryMs): Promise<void> {
    const { storage, platform } = this.#parts;
    const atMs = platform.nowMs() + ms;
    const set = await storage.getAlarm();
    if (set === null || set > atMs) await storage.setAlarm(atMs, { allowUnconfirmed: true });
  }

  #store(): LogStore {
    return { db: this.#parts.database(), archive: this.#parts.archive ?? null };
  }

  async #followAll(): Promise<void> {
    const read = async (from: number, limit: number) =>
      this.#recent.read(from, limit) ?? (await readEntries(this.#store(), this.#tenant, from, limit));
    // What is written meanwhile is followed in the same go.
    while (this.#isBehind) {
      this.#isBehind = false;
      for (const follower of this.#followers)
        if (await follower.step(this.#parts.database(), read, this.#parts.platform.nowMs())) this.#isBehind = true;
    }
  }
}

/** Runs a read of the database; that it does not answer is a problem, not an exception. */
async function answered<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await read();
  } catch {
    return err(unavailable());
  }
}
