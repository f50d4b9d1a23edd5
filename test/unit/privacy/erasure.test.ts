/**
 * Erasure and consent in one executor, whole and in memory: after an erasure no table of the object holds a value of its subject in any
 * spelling, what waits ends, what is asked again is answered with a code; and a consent that was withdrawn stops what was not done.
 */
import { describe, expect, it } from "vitest";
import * as intake from "../../../executors/intake.ts";
import { consent, subject } from "../../../executors/privacy/consents.ts";
import { erase } from "../../../executors/privacy/erasing.ts";
import { residentTraces } from "../../../executors/privacy/resident-traces.ts";
import type { Capability } from "../../../executors/adapters/types.ts";
import { reportOutcome } from "../../../executors/reporting.ts";
import { review } from "../../../executors/reviewing.ts";
import { reverse } from "../../../executors/reversing.ts";
import { signal } from "../../../executors/signalling.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import { ERASED } from "../../../shared/subjects.ts";
import { Desk, memoryStorage, must } from "../../support/guards/shard.ts";

const CANARY = "canary-Ada-Lovelace-1815";
const ADA = { subject: "customer:ada_1", digest: "a".repeat(26) };
const EVE = { subject: "customer:eve_2", digest: "b".repeat(26) };
const erasure = (letter = "e") => ({ ...ADA, erasure: `ers_${letter.repeat(26)}`, by: "key_admin" });
const input = {
  type: "object",
  additionalProperties: false,
  required: ["text", "customer"],
  properties: {
    text: { type: "string", "x-origin": "principal", "x-subject": "customer" },
    customer: { type: "string", "x-origin": "principal", "x-subject-id": "customer" },
  },
} as const;
const wait = (id: string, name: string, after: string[] = []) => ({
  id,
  capability: "wait.signal",
  args: { name: { $cel: `'${name}'` } },
  after,
});
const steps = (...made: unknown[]): Partial<ReleaseBundle> =>
  ({
    input,
    playbook: { version: 1, steps: made },
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
  }) as unknown as Partial<ReleaseBundle>;
/** A signal's payload is the result of a step; then a second signal is awaited. */
const waits = steps(wait("a", "first"), wait("b", "second", ["a"]));

const say = async (it: Desk, task: string, name: string, payload: unknown) =>
  signal(it.shard, { task, name, id: `s-${name}`, payload, by: "key_app" });
const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);

/** Every text of every table. */
function everything({ shard }: Desk): string {
  const tables = shard.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  return tables.map(({ name }) => JSON.stringify(shard.sql.exec(`SELECT * FROM "${name}"`).toArray())).join("\n");
}
/** A canary in the spellings that a value could hide in; base64 at each of its three offsets. */
const spellings = (text: string): string[] => [
  text,
  Buffer.from(text).toString("hex"),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(" ".repeat(shift) + text)
      .toString("base64")
      .slice(4, -4),
  ),
];
const found = (it: Desk, text: string) => spellings(text).filter((spelling) => everything(it).includes(spelling));

async function opened(it: Desk, customer = "ada_1", change = {}): Promise<string> {
  const task = await it.task(change, { text: CANARY, customer });
  await it.phase(task, "a");
  must(await say(it, task, "first", { said: CANARY }));
  await it.phase(task, "b");
  return task;
}
const viewOf = (it: Desk, task: string) => it.shard.view(it.shard.tasks.get(task)!);

describe("a task that is about somebody", () => {
  it("keeps nothing of its values in the clear, and is the same after a restart", async () => {
    const it = await Desk.open(waits);
    const task = await opened(it);
    expect(found(it, CANARY)).toEqual([]);
    const before = viewOf(it, task);
    expect(before).toMatchObject({ input: { text: CANARY }, steps: [{ result: { payload: { said: CANARY } } }, {}] });
    it.shard.tasks.forget([task]);
    it.shard.vault.reload();
    expect(viewOf(it, task)).toEqual(before);
  });

  it("about nobody is stored as it always was", async () => {
    const it = await Desk.open({});
    await it.settled(await it.task({}, { text: CANARY }));
    expect(found(it, CANARY)).toContain(CANARY);
    expect(everything(it)).not.toContain("s1.");
  });

  it("whose key is lost without an erasure is unreadable, and not erased", async () => {
    const it = await Desk.open(waits);
    const task = await opened(it);
    it.shard.sql.exec("DELETE FROM subject_keys");
    it.shard.tasks.forget([task]);
    it.shard.vault.reload();
    expect(code(it.shard.find(task))).toBe("record-unreadable");
  });
});

describe("an erasure", () => {
  it("takes every value away, ends what waits, is a record without a name, and can be repeated", async () => {
    const it = await Desk.open(waits);
    const [task, other] = [await opened(it), await opened(it, "eve_2")];
    must(await consent(it.shard, { ...ADA, purpose: "service", given: true, evidence: CANARY, by: "key_admin" }));
    expect(must(subject(it.shard, ADA))).toMatchObject({ held: true, tasks: 1, open: 1, erasures: [] });
    for (const of of [task, other])
      it.shard.sql.exec("INSERT INTO owed (kind, task, step, at_ms) VALUES ('sample', ?, 'a', 1)", of);

    const done = must(await erase(it.shard, erasure()));
    expect(done).toEqual({
      tasks: 1,
      remaining: 0,
      underWay: [],
      left: { actions: [], agents: [], readers: [] },
      done: true,
    });
    expect([...found(it, CANARY), ...found(it, ADA.subject)]).toEqual([]);
    expect(viewOf(it, task)).toMatchObject({
      erased: true,
      status: "cancelled",
      why: "subject-erased",
      input: ERASED,
      steps: [{ status: "applied", result: ERASED }, { status: "skipped" }],
    });
    const events = JSON.parse(
      it.shard.sql.exec<{ body: string }>("SELECT body FROM journal WHERE body LIKE '%subject-erased\"%'").toArray()[0]!
        .body,
    ).events;
    expect(events).toEqual([
      {
        type: "subject-erased",
        key: expect.stringMatching(/^sbk_/),
        erasure: erasure().erasure,
        by: "key_admin",
        tasks: 1,
      },
    ]);
    // Samples that nobody can judge any more take no place from those that somebody can.
    expect(it.shard.sql.exec("SELECT task FROM owed").toArray()).toEqual([{ task: other }]);
    // Who else there is keeps what is theirs.
    expect(viewOf(it, other)).toMatchObject({ status: "waiting", input: { text: CANARY } });

    const head = it.shard.journal.head.seq;
    expect(must(await erase(it.shard, erasure()))).toEqual(done);
    expect(it.shard.journal.head.seq).toBe(head);
    expect(must(subject(it.shard, ADA))).toMatchObject({
      held: false,
      tasks: 0,
      consents: [],
      erasures: [{ erasure: erasure().erasure, tasks: 1, done: true }],
    });
  });

  it("answers whoever comes again with a code of its own; a new task has a new key, which a repetition leaves alone", async () => {
    const it = await Desk.open(waits);
    const command = await it.command({}, undefined, { text: CANARY, customer: "ada_1" });
    must(await intake.submit(it.shard, command));
    must(await erase(it.shard, erasure()));
    const { task } = command;
    const answers = [
      await intake.submit(it.shard, command),
      await say(it, task, "first", {}),
      intake.context(it.shard, task, "k"),
      await intake.propose(it.shard, {
        task,
        plan: { envelope: command.plan!.envelope, disclosures: {} },
        requestKey: command.requestDigest,
        requestDigest: command.requestDigest,
        delivery: null,
        waitMs: 0,
      }),
      await reverse(it.shard, task, "a", command.plan!.envelope, 0),
      await reportOutcome(it.shard, {
        task,
        correct: true,
        label: null,
        source: "audit",
        occurredMs: null,
        note: CANARY,
        by: "key_app",
      }),
    ];
    expect(answers.map(code)).toEqual(Array(6).fill("subject-erased"));
    const again = await opened(it);
    must(await erase(it.shard, erasure()));
    expect(viewOf(it, again)).toMatchObject({ input: { text: CANARY } });
    must(await erase(it.shard, erasure("f")));
    expect(viewOf(it, again)).toMatchObject({ input: ERASED });
  });

  it("withdraws what people are asked about", async () => {
    const it = await Desk.open({
      ...waits,
      policy: {
        default: "deny",
        rules: [{ id: "ask", when: "true", then: "review", reviewers: { role: "lead", quorum: 1 } }],
      },
    });
    const task = await it.task({}, { text: CANARY, customer: "ada_1" });
    const asked = await it.review(task);
    must(await erase(it.shard, erasure()));
    expect(code(review(it.shard, asked.id))).toBe("subject-erased");
    expect(it.shard.sql.exec("SELECT * FROM reviews").toArray()).toEqual([]);
  });

  it("of one of two subjects takes the task that is about both", async () => {
    const it = await Desk.open(waits);
    const task = await opened(it, "ada_1", { subjects: [EVE.subject] });
    must(await erase(it.shard, { ...erasure(), ...EVE }));
    expect(viewOf(it, task)).toMatchObject({ erased: true, input: ERASED });
    expect(must(subject(it.shard, ADA))).toMatchObject({ held: true, tasks: 1, open: 0 });
  });

  it("that is interrupted after its record is finished by recovery", async () => {
    const storage = memoryStorage();
    const it = await Desk.open(waits, { storage });
    const task = await opened(it);
    // The record alone, as a crash right after it leaves it.
    const key = it.shard.vault.keyOf(ADA.subject)!;
    must(
      await it.shard.onExecutor(() => {
        it.shard.vault.forgetKey(key);
        return {
          ok: true,
          value: {
            value: null,
            events: [{ type: "subject-erased", key, erasure: erasure().erasure, by: "key_admin", tasks: 1 }],
            write: (sql) => {
              sql.exec("DELETE FROM subject_keys");
              sql.exec(
                "INSERT INTO subject_erasures VALUES (?, ?, ?, 0, '[]', '{}', 0)",
                key,
                ADA.digest,
                erasure().erasure,
              );
            },
          },
        };
      }),
    );
    const { tasks } = new Desk(waits, { storage }).shard;
    while (tasks.get(task)!.settled === null) await new Promise((resolve) => setImmediate(resolve));
    expect(tasks.get(task)).toMatchObject({ erased: true, settled: { status: "cancelled", why: "subject-erased" } });
  });
});

describe("consent", () => {
  const word = (given: boolean, evidence: string | null = null) => ({
    ...ADA,
    purpose: "service",
    given,
    evidence,
    by: "key_admin",
  });

  it("withdrawn stops the next step, whatever waits for it, and no other purpose", async () => {
    const it = await Desk.open(waits);
    const task = await opened(it, "ada_1", { purpose: "service" });
    const other = await opened(it, "ada_1", { purpose: "fraud" });
    must(await consent(it.shard, word(true)));
    expect((await it.phase(task, "b")).at).toBe("waiting");
    expect(must(await consent(it.shard, word(false)))).toEqual({ alreadyClaimed: [], more: false });
    expect(await it.outcome(task, "b")).toBe("consent-withdrawn");
    expect((await it.phase(other, "b")).at).toBe("waiting");
    const next = await it.task({ purpose: "service" }, { text: "x", customer: "ada_1" });
    expect(await it.outcome(next, "a")).toBe("consent-withdrawn");
    must(await consent(it.shard, word(true)));
    const allowed = await it.task({ purpose: "service" }, { text: "x", customer: "ada_1" });
    expect(await it.outcome(allowed, "a")).toBe("waiting");
  });

  it("is recorded once for the same word, under the subject's key, its evidence committed to", async () => {
    const it = await Desk.open(waits);
    must(await consent(it.shard, word(true, CANARY)));
    const head = it.shard.journal.head.seq;
    must(await consent(it.shard, word(true, CANARY)));
    expect(it.shard.journal.head.seq).toBe(head);
    expect(found(it, CANARY)).toEqual([]);
    expect(must(subject(it.shard, ADA)).consents).toMatchObject([
      { purpose: "service", given: true, evidence: CANARY },
    ]);
  });

  it("is a fact for policy, which the executor looks at when it acts; nothing recorded is no consent", async () => {
    const it = await Desk.open({
      ...waits,
      policy: {
        default: "deny",
        rules: [
          { id: "first", when: "capability.name == 'wait.signal' && args.name == 'first'", then: "allow" },
          { id: "consented", when: "consent.recorded && consent.given", then: "allow" },
        ],
      },
    });
    const without = await it.task({ purpose: "service" }, { text: "x", customer: "ada_1" });
    await it.phase(without, "a");
    must(await say(it, without, "first", {}));
    expect(await it.outcome(without, "b")).toBe("denied");
    const given = await it.task({ purpose: "service" }, { text: "x", customer: "ada_1" });
    await it.phase(given, "a");
    must(await consent(it.shard, word(true)));
    must(await say(it, given, "first", {}));
    expect(await it.outcome(given, "b")).toBe("waiting");
  });
});

describe("resident records", () => {
  it("go where their capability says whose they are", () => {
    const sqlite = memoryStorage().sql;
    sqlite.exec("CREATE TABLE resident_records (collection TEXT, id TEXT, version INTEGER, value TEXT)");
    for (const [collection, id, value] of [
      ["letters", "1", '{"of":"ada_1"}'],
      ["letters", "2", '{"of":"eve_2"}'],
      ["flags", "ada_1", '{"of":"ada_1"}'],
    ])
      sqlite.exec("INSERT INTO resident_records VALUES (?, ?, 1, ?)", collection, id, value);
    const subjectOf = (_: string, value: unknown) => `customer:${(value as { of: string }).of}`;
    const capability = { kind: "resident", records: [{ collection: "letters", subjectOf }] } as unknown as Capability;
    const registry = new Map([["letters.keep", capability]]);
    expect(residentTraces(sqlite, registry, ADA.subject)).toEqual([{ collection: "letters", id: "1" }]);
  });
});
