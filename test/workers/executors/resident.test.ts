/** Records that live in the executor: reading, deciding, using up an approval and changing them are one transaction. */
import { describe, expect, it } from "vitest";
import { homeShard } from "../../../shared/home.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import { attestation, enrol, newTask } from "../../support/manager.ts";
import { newPrivateKey } from "../../../scripts/lib/keys.ts";
import { testKeys } from "../keys.ts";
import { inObject, world, type World } from "./world.ts";

const playbook: ReleaseBundle["playbook"] = {
  version: 1,
  steps: [
    {
      id: "set",
      capability: "flags.set",
      args: {
        flag: { $cel: "intent.input.flag" },
        on: { $cel: "intent.input.on" },
        percent: { $cel: "intent.input.percent" },
      },
    },
  ],
};
const input: ReleaseBundle["input"] = {
  type: "object",
  additionalProperties: false,
  required: ["flag", "on", "percent"],
  properties: {
    flag: { type: "string", "x-origin": "principal" },
    on: { type: "boolean", "x-origin": "principal" },
    percent: { type: "integer", "x-origin": "principal" },
  },
};
/** Narrowing a flag is free, widening it asks a person, and nothing that is not held in the act's own transaction is allowed. */
const policy: ReleaseBundle["policy"] = {
  default: "deny",
  rules: [
    { id: "unheld", when: 'premises.weakest != "same-transaction"', then: "deny" },
    { id: "narrow", when: "!preview.widens", then: "allow" },
    { id: "widen", when: "preview.widens", then: "review", reviewers: { role: "lead", quorum: 1 } },
  ],
};
const free: ReleaseBundle["policy"] = { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] };

const shardsOf = (w: World) => testKeys.trust.tenants[w.tenant]!.shards;
/** Flags that live in this world's shard. */
const flagsAt = (w: World, home = true): string[] =>
  Array.from({ length: 200 }, (_, i) => `flag-${i}`).filter(
    (name) => (homeShard(name, shardsOf(w)) === w.shard) === home,
  );
/** A new task of the same shard. */
function taskAt(w: World): string {
  for (;;) {
    const { id, shard } = newTask("eu", shardsOf(w));
    if (shard === w.shard) return id;
  }
}

const worldOf = (rules: ReleaseBundle["policy"]) => world({ policy: rules, playbook, input });
const submit = async (w: World, flag: string, on: boolean, percent: number, waitMs = 5_000) => {
  const task = taskAt(w);
  const answer = await w.executor().submit(await w.submission({ flag, on, percent }, { task, waitMs }));
  if (!answer.ok) throw new Error(answer.problem.code);
  return answer.value.view;
};
const stored = (w: World) =>
  inObject(w.executor(), (_, state: DurableObjectState) =>
    state.storage.sql
      .exec<{ id: string; version: number; value: string }>(
        "SELECT id, version, value FROM resident_records ORDER BY id",
      )
      .toArray(),
  );
const resultOf = (step: { result?: unknown } | undefined) => (step as { result: unknown }).result;

describe("a resident record", () => {
  it("is changed, and the receipt states the version that was held in the same transaction", async () => {
    const w = await worldOf(free);
    const [flag] = flagsAt(w) as [string];
    const first = await submit(w, flag, true, 25);
    expect(first.status).toBe("succeeded");
    expect(resultOf(first.steps[0])).toEqual({ flag, on: true, percent: 25, wasOn: false, wasPercent: 0, version: 1 });
    const second = await submit(w, flag, false, 0);
    expect(resultOf(second.steps[0])).toMatchObject({ wasOn: true, wasPercent: 25, version: 2 });
    expect(await stored(w)).toEqual([{ id: flag, version: 2, value: '{"on":false,"percent":0}' }]);
    const read = await w.executor().read(second.id);
    const receipt = JSON.parse(atob((read as any).value.steps[0].receipt.payload));
    expect(receipt).toMatchObject({
      delivery: "resident",
      premises: [{ resource: `flags/${flag}`, version: 1, class: "same-transaction" }],
    });
  });

  it("is read back in the transaction of the act, and the verdict stands in the record, the view and the counts", async () => {
    const expecting = (percent: object | number): ReleaseBundle["playbook"] => ({
      version: 1,
      steps: [
        { ...playbook!.steps[0]!, expect: { on: true, percent: percent as number, version: { $result: "/version" } } },
      ],
    });
    const verdictOf = async (w: World) => {
      const view = await submit(w, flagsAt(w)[0]!, true, 25);
      const events = await w.executor().events(view.id, 0, 0);
      const types = (events as any).value.events.map(({ event }: any) => event.type);
      expect([view.status, types.slice(-2)]).toEqual(["succeeded", ["outcome-observed", "task-settled"]]);
      return {
        outcome: view.steps[0]!.outcome,
        outcomes: ((await w.executor().witness()) as any).value.outcomes,
        view,
      };
    };
    const right = await verdictOf(await world({ policy: free, playbook: expecting({ $arg: "percent" }), input }));
    expect(right.outcome).toMatchObject({
      verdict: "matched",
      expected: { on: true, percent: 25, version: 1 },
      fields: [],
    });
    const wrong = await verdictOf(await world({ policy: free, playbook: expecting(30), input }));
    expect(wrong.outcome).toMatchObject({
      verdict: "mismatched",
      expected: { percent: 30 },
      observed: { on: true, percent: 25, version: 1 },
      fields: ["percent"],
    });
    const counted = { automation: "notes", capability: "flags.set", unobserved: 0 };
    expect(right.outcomes).toEqual({ counts: [{ ...counted, matched: 1, mismatched: 0 }], newest: [] });
    expect(wrong.outcomes).toMatchObject({
      counts: [{ ...counted, matched: 0, mismatched: 1 }],
      newest: [{ task: wrong.view.id, step: "set", capability: "flags.set", fields: ["percent"] }],
    });
  });

  it("is changed by many tasks of one round one after another: each sees what the one before it did", async () => {
    const w = await worldOf(free);
    const [flag] = flagsAt(w) as [string];
    // The release is known before, so that all of them stand in one round.
    await submit(w, flag, true, 1);
    const commands = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        w.submission({ flag, on: true, percent: i + 2 }, { task: taskAt(w), waitMs: 5_000 }),
      ),
    );
    const answers = await Promise.all(commands.map((command) => w.executor().submit(command)));
    const results = answers.map((answer) => resultOf((answer as any).value.view.steps[0]) as Record<string, number>);
    expect(results.map(({ version }) => version).toSorted((a, b) => a! - b!)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    const inOrder = results.toSorted((a, b) => a["version"]! - b["version"]!);
    for (const [i, { wasPercent }] of inOrder.entries())
      expect(wasPercent).toBe(i === 0 ? 1 : inOrder[i - 1]!["percent"]);
    expect((await stored(w))[0]!.version).toBe(9);
  });

  it("is changed with the approval that allows it; the same approval allows nothing when the record has moved", async () => {
    const w = await worldOf(policy);
    const [flag] = flagsAt(w) as [string];
    const key = newPrivateKey();
    const chain = [await enrol(w.rootKey, w.tenant, "ada", key, ["lead"])];
    const ask = async (percent: number) => {
      const view = await submit(w, flag, true, percent, 0);
      const review = await w.executor().review(view.steps[0]!.review!);
      if (!review.ok) throw new Error(review.problem.code);
      return { task: view.id, review: review.value };
    };
    const [one, other] = [await ask(10), await ask(50)];
    expect(await stored(w)).toEqual([]);
    for (const { review } of [one, other])
      await w.executor().decide(review.id, { envelope: await attestation(key, w.tenant, review, "approve"), chain });
    expect(await w.executor().wait(one.task, 2_000)).toMatchObject({ ok: true, value: { status: "succeeded" } });
    expect(await w.executor().wait(other.task, 2_000)).toMatchObject({
      ok: true,
      value: { status: "failed", steps: [{ problem: { code: "premise-failed" } }] },
    });
    expect(await stored(w)).toEqual([{ id: flag, version: 1, value: '{"on":true,"percent":10}' }]);
  });

  it("is refused where it is not at home, and nothing is written", async () => {
    const w = await worldOf(free);
    const [elsewhere] = flagsAt(w, false);
    if (elsewhere === undefined) return;
    const view = await submit(w, elsewhere, true, 5);
    expect(view).toMatchObject({ status: "failed", steps: [{ problem: { code: "audience-mismatch" } }] });
    expect(await stored(w)).toEqual([]);
  });

  it("stands or does not stand together with the record of its task, when a round cannot be written", async () => {
    const w = await worldOf(free);
    const [flag] = flagsAt(w) as [string];
    await submit(w, flag, true, 1);
    const before = await inObject(w.executor(), (_, { storage: { sql } }: DurableObjectState) => {
      sql.exec("CREATE TRIGGER full BEFORE INSERT ON resident_records BEGIN SELECT RAISE(ABORT, 'full'); END");
      return sql.exec("SELECT max(seq) AS seq FROM journal").one()["seq"];
    });
    const command = await w.submission({ flag, on: true, percent: 2 }, { task: taskAt(w), waitMs: 0 });
    const lost = await inObject(w.executor(), (object) =>
      (object as unknown as ReturnType<World["executor"]>).submit(command).then(
        () => false,
        () => true,
      ),
    );
    expect(lost).toBe(true);
    const after = await inObject(w.executor(), (_, { storage: { sql } }: DurableObjectState) => {
      sql.exec("DROP TRIGGER full");
      return sql.exec("SELECT max(seq) AS seq FROM journal").one()["seq"];
    });
    expect(after).toBe(before);
    expect((await stored(w))[0]).toMatchObject({ version: 1 });
    expect(await w.executor().submit({ ...command, waitMs: 5_000 })).toMatchObject({
      ok: true,
      value: { view: { status: "succeeded" } },
    });
    expect((await stored(w))[0]).toMatchObject({ version: 2 });
  });
});
