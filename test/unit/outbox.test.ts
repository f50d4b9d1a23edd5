/** The outbox against a ledger that answers late, wrongly, or two things at once. */
import { describe, expect, it } from "vitest";
import { Outbox, type SeenCheckpoint } from "../../executors/outbox.ts";
import { GENESIS, seal, type Journal } from "../../executors/journal.ts";
import { entriesOf } from "../../executors/outbox.ts";
import { fromBase64Url, toBase64, utf8 } from "../../shared/bytes.ts";
import { importSigner, signEd25519 } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AppendAnswer, AppendCommand } from "../../shared/rpc/ledger.ts";
import { signCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { noteVerifier } from "../../shared/tlog/note.ts";
import { consistencyProof, hashAtLeaves, leafHash, rootOf } from "../../shared/tlog/tree.ts";
import { newPrivateKey, type PrivateKey } from "../../scripts/lib/keys.ts";

const ORIGIN = "countersign.local/dev";
const TASK = `tsk_eu_0_${"a".repeat(26)}`;

/** A journal with records in memory. */
class MemoryJournal implements Pick<Journal, "head" | "delivered" | "undelivered" | "after" | "markDelivered"> {
  readonly rows: { seq: number; task: string | null; hash: string; body: string }[] = [];
  head = GENESIS;
  delivered = 0;
  get undelivered() {
    return this.head.seq - this.delivered;
  }
  write(count: number) {
    for (let i = 0; i < count; i++) {
      const record = seal(
        "dev/eu/0",
        this.head,
        1_700_000_000_000 + this.head.seq,
        TASK,
        [{ type: "cancel-requested", by: `key_${this.head.seq}` }],
        null,
      );
      this.rows.push(record);
      this.head = { seq: record.seq, hash: record.hash };
    }
  }
  after(seq: number, rows: number) {
    return this.rows.filter((row) => row.seq > seq).slice(0, rows);
  }
  markDelivered(seq: number) {
    this.delivered = seq;
  }
}

/** A ledger that keeps one log, signs it, and can be told to do otherwise. */
class FakeLedger {
  readonly leaves: Uint8Array[] = [];
  cursor = 0;
  readonly #key: PrivateKey;
  constructor(key: PrivateKey) {
    this.#key = key;
  }
  async append(command: AppendCommand): Promise<Result<AppendAnswer>> {
    if (command.from === this.cursor + 1) {
      for (const entry of command.entries) this.leaves.push(leafHash(utf8(entry)));
      this.cursor = command.to;
    }
    return ok(await this.answer(command.seenSize));
  }
  async answer(seenSize: number): Promise<AppendAnswer> {
    const signer = await importSigner(this.#key);
    const verifier = noteVerifier(ORIGIN, fromBase64Url(this.#key.x)!);
    const note = await signCheckpoint(
      { origin: ORIGIN, size: this.leaves.length, root: rootOf(this.leaves), extensions: [] },
      { ...verifier, sign: (message) => signEd25519(signer.privateKey, message) },
    );
    const proof =
      seenSize === 0 || seenSize > this.leaves.length
        ? []
        : consistencyProof(seenSize, this.leaves.length, hashAtLeaves(this.leaves));
    return { cursor: this.cursor, checkpoint: note, consistency: proof.map(toBase64) };
  }
}

function world(key = newPrivateKey()) {
  const journal = new MemoryJournal();
  const ledger = new FakeLedger(key);
  const state: { seen: SeenCheckpoint | null; alarm: Problem | null; mayRefill: boolean } = {
    seen: null,
    alarm: null,
    mayRefill: false,
  };
  const receiptKey = newPrivateKey();
  const calls: AppendCommand[] = [];
  let answer = (command: AppendCommand): Promise<Result<AppendAnswer>> => ledger.append(command);
  const outbox = new Outbox({
    tenant: "dev",
    executor: "dev/eu/0",
    journal: journal as unknown as Journal,
    ledger: {
      append: (command) => {
        calls.push(command);
        return answer(command);
      },
    },
    signer: () => importSigner(receiptKey),
    logKeys: () => [noteVerifier(ORIGIN, fromBase64Url(key.x)!)],
    seen: () => state.seen,
    remember: (checkpoint) => (state.seen = checkpoint),
    alarm: (why) => (state.alarm ??= why),
    mayRefill: () => state.mayRefill,
    delivered: () => {},
    nowMs: () => 1_700_000_000_000,
    pause: () => Promise.resolve(),
  });
  return { journal, ledger, state, outbox, calls, answering: (next: typeof answer) => (answer = next) };
}

describe("the outbox", () => {
  it("delivers what is there and remembers the checkpoint that it verified", async () => {
    const w = world();
    w.journal.write(5);
    await w.outbox.nudge();
    expect([w.journal.delivered, w.state.seen?.size, w.state.alarm]).toEqual([5, w.ledger.leaves.length, null]);
  });

  it("asks again after a lost answer, and nothing is recorded twice", async () => {
    const w = world();
    w.journal.write(3);
    w.answering(async (command) => {
      await w.ledger.append(command);
      throw new Error("the connection is gone");
    });
    await w.outbox.nudge();
    expect([w.journal.delivered, w.outbox.trouble]).toEqual([0, { failures: 1, why: "not-running" }]);
    const recorded = w.ledger.leaves.length;
    w.answering((command) => w.ledger.append(command));
    await w.outbox.nudge();
    expect([w.journal.delivered, w.ledger.leaves.length]).toEqual([3, recorded]);
  });

  it("takes the ledger's cursor where the ledger has more than this object knew", async () => {
    const w = world();
    w.journal.write(3);
    await w.ledger.append({ tenant: "dev", executor: "dev/eu/0", from: 1, to: 2, entries: ["x"], seenSize: 0 });
    w.answering((command) =>
      command.from === 3
        ? w.ledger.append(command)
        : Promise.resolve(err(problem("chain-gap", "not here", { cursor: 2 }))),
    );
    await w.outbox.nudge();
    expect([w.journal.delivered, w.calls.map((call) => call.from)]).toEqual([3, [1, 3]]);
  });

  it("keeps everything while the ledger is away, and waits longer each time, up to a minute", async () => {
    const w = world();
    w.journal.write(2);
    w.answering(async () => err(problem("overloaded", "later")));
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      await w.outbox.nudge();
      waits.push(w.outbox.backoffMs);
    }
    expect(w.journal.delivered).toBe(0);
    expect(waits[0]).toBeLessThan(waits[3]!);
    expect(Math.max(...waits)).toBe(60_000);
    expect(w.state.alarm).toBe(null);
  });

  it("believes no checkpoint that the log did not sign, and raises no alarm for it", async () => {
    const w = world();
    const stranger = new FakeLedger(newPrivateKey());
    w.journal.write(1);
    w.answering((command) => stranger.append(command));
    await w.outbox.nudge();
    expect([w.journal.delivered, w.state.seen, w.state.alarm]).toEqual([0, null, null]);
  });

  it("raises the alarm when a signed checkpoint contradicts the one before it", async () => {
    const key = newPrivateKey();
    const w = world(key);
    w.journal.write(2);
    await w.outbox.nudge();
    const seen = w.state.seen;
    const fork = new FakeLedger(key);
    for (let i = 0; i < 9; i++) fork.leaves.push(leafHash(utf8(`another past ${i}`)));
    w.journal.write(1);
    w.answering((command) => fork.append({ ...command, from: 1 }));
    await w.outbox.nudge();
    expect([w.state.alarm?.code, w.journal.delivered]).toEqual(["checkpoint-inconsistent", 2]);
    expect(w.state.seen).toEqual(seen);
  });

  it("raises the alarm when the ledger has forgotten what it acknowledged", async () => {
    const w = world();
    w.journal.write(4);
    await w.outbox.nudge();
    w.journal.write(1);
    w.answering(async () => err(problem("chain-gap", "not here", { cursor: 2 })));
    await w.outbox.nudge();
    expect([w.state.alarm?.code, w.journal.delivered]).toEqual(["chain-gap", 4]);
  });

  it("delivers again what a restored ledger has lost, where people said that it may have", async () => {
    const w = world();
    w.journal.write(4);
    await w.outbox.nudge();
    w.journal.write(1);
    w.state.mayRefill = true;
    let asked = 0;
    w.answering(async (command) => {
      if (asked++ > 0) return w.ledger.append(command);
      w.ledger.cursor = 2;
      return err(problem("chain-gap", "not here", { cursor: 2 }));
    });
    await w.outbox.nudge();
    expect([w.state.alarm, w.journal.delivered, w.calls.at(-1)!.from]).toEqual([null, 5, 3]);
  });

  it("raises no alarm for an answer to what was asked before people let the log go on", async () => {
    const w = world();
    w.journal.write(2);
    await w.outbox.nudge();
    w.journal.write(1);
    w.answering(async () => {
      w.state.seen = { ...w.state.seen! }; // an epoch is accepted meanwhile
      return err(problem("checkpoint-inconsistent", "smaller"));
    });
    await w.outbox.nudge();
    expect(w.state.alarm).toBe(null);
  });

  it("cannot tell alone that another executor was shown a fork; the two checkpoints together prove it", async () => {
    const key = newPrivateKey();
    const [one, two] = [world(key), world(key)];
    one.journal.write(2);
    two.journal.write(3);
    await one.outbox.nudge();
    await two.outbox.nudge();
    expect([one.state.alarm, two.state.alarm]).toEqual([null, null]);
    expect(one.state.seen!.size).toBe(two.state.seen!.size);
    expect(one.state.seen!.root).not.toEqual(two.state.seen!.root);
  });
});

describe("entries of a delivery", () => {
  const row = (seq: number, task: string | null, length = 10) => ({ seq, task, body: `"${"x".repeat(length)}"` });

  it("gather the records of one task, in the order of first appearance", () => {
    const entries = entriesOf("dev/eu/0", [row(1, TASK), row(2, null), row(3, TASK)], 0);
    expect(entries.map((entry) => JSON.parse(entry).data.records.length)).toEqual([2, 1]);
  });

  it("are cut before they pass the limit of an entry", () => {
    const entries = entriesOf(
      "dev/eu/0",
      Array.from({ length: 10 }, (_, i) => row(i + 1, TASK, 20_000)),
      0,
    );
    expect(entries.length).toBeGreaterThan(3);
    for (const entry of entries) expect(utf8(entry).length).toBeLessThanOrEqual(LIMITS.entryBytes);
  });
});
