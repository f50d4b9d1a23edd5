/** Whoever holds the executors' and the ledger's keys can write any record; what people and the intent-manager sign cannot be made up. */
import { describe, expect, it } from "vitest";
import { signEnvelope } from "../../../shared/signing.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { exportPrivateKey, generateKeyPair, importSigner } from "../../../shared/keys.ts";
import { verifyRecord } from "../../../shared/verify/index.ts";
import {
  admitting,
  applying,
  COMMITMENT,
  observing,
  attesting,
  claiming,
  closing,
  decision,
  enrolled,
  EU,
  KEYS,
  LEAD,
  learning,
  lifted,
  NOW_MS,
  opening,
  planOf,
  requesting,
  settling,
  stopped,
  TENANT,
  TestRecord,
  US,
  type TestPerson,
} from "../../support/record.ts";
import type { ExecutorEvent, TaskEvent } from "../../../shared/events.ts";

type Step = TaskEvent | Promise<TaskEvent>;

/** Findings over a record in which one executor, after a valid promotion, does what `write` says. */
async function findings(
  write: (record: TestRecord) => Promise<void> | void,
  learn: readonly ExecutorEvent[] | null = null,
): Promise<string[]> {
  const record = new TestRecord();
  const before = learn ?? [await learning()];
  if (before.length > 0) record.chain(EU).write(null, before);
  await write(record);
  await record.deliver(EU);
  const report = await verifyRecord(await record.input());
  return report.checks.flatMap(({ findings: all }) => all.map(({ check, code }) => `${check} ${code}`));
}

/** A task whose records are these, each a list of events. */
async function taskOf(record: TestRecord, ...records: ((task: string) => readonly Step[])[]): Promise<string> {
  const task = record.newTask(EU);
  for (const events of records) record.chain(EU).write(task, await Promise.all(events(task)));
  return task;
}

const admitted = (answer: "allow" | "deny" | "review") => (task: string) => [
  opening("eu"),
  admitting(planOf(task, "eu", ["one"]), { one: decision(answer, answer === "review" ? LEAD : []) }),
];
const awaiting = (task: string): Step[] => [...admitted("review")(task), requesting(task, "one", 0)];
const act = (task: string, attestations: readonly string[] = []): Step[] => [
  claiming(task, "one", 0, attestations),
  applying(task, "one", 0, attestations),
  settling(),
];

describe("reported outcomes", () => {
  const reported = (automation = "refunds"): TaskEvent => ({
    type: "outcome-reported",
    automation,
    capabilities: [],
    correct: true,
    label: null,
    source: "audit",
    by: "key_app",
    occurredMs: null,
    note: null,
    supersedes: null,
  });
  const found = (...records: ((task: string) => readonly Step[])[]) =>
    findings(async (record) => void (await taskOf(record, ...records)));

  it("may come at any time after the opening, and are of the task's own automation", async () => {
    const { automation } = opening("eu") as Extract<TaskEvent, { type: "task-opened" }>;
    const word = () => [reported(automation)];
    expect(await found(admitted("allow"), word, (task) => act(task), word, word)).toEqual([]);
    expect(await found(word)).toEqual(["actions order-invalid"]);
    expect(await found(admitted("allow"), () => [reported("another")])).toEqual(["actions order-invalid"]);
  });
});

describe("plans", () => {
  it("by another key than the intent-manager's are found", async () => {
    const key = await exportPrivateKey((await generateKeyPair({ extractable: true })).privateKey);
    const forged = (task: string): Step[] => [
      opening("eu"),
      admitting(planOf(task, "eu", ["one"]), { one: decision("allow") }, key),
    ];
    expect(await findings(async (record) => void (await taskOf(record, forged, (task) => act(task))))).toEqual([
      "plans key-unknown",
    ]);
  });

  it("signed for one task do not serve another", async () => {
    const stolen = planOf(new TestRecord().newTask(US), "eu", ["one"]);
    const reused = (): Step[] => [opening("eu"), admitting(stolen, { one: decision("allow") })];
    expect(await findings(async (record) => void (await taskOf(record, reused, (task) => act(task))))).toEqual([
      "plans audience-mismatch",
    ]);
  });

  it.each([
    [
      "changed after they were signed",
      "signature-invalid",
      async (task: string) => {
        const event = (await admitting(planOf(task, "eu", ["one"]), { one: decision("allow") })) as Extract<
          TaskEvent,
          { type: "plan-admitted" }
        >;
        return {
          ...event,
          envelope: {
            ...event.envelope,
            payload: Buffer.from(JSON.stringify({ ...planOf(task, "eu", ["one"]), last: false })).toString("base64"),
          },
        };
      },
    ],
    [
      "with another event around them",
      "plan-mismatch",
      async (task: string) =>
        ({
          ...(await admitting(planOf(task, "eu", ["one"]), { one: decision("allow") })),
          agent: "somebody",
        }) as TaskEvent,
    ],
    ["with no decision about a step", "plan-mismatch", (task: string) => admitting(planOf(task, "eu", ["one"]), {})],
    [
      "of a round that does not follow",
      "round-closed",
      (task: string) => admitting(planOf(task, "eu", ["one"], 2), { one: decision("allow") }),
    ],
    [
      "that had expired",
      "expired",
      (task: string) =>
        admitting({ ...planOf(task, "eu", ["one"]), expiresMs: NOW_MS - 60_000 }, { one: decision("allow") }),
    ],
    [
      "of another release",
      "release-mismatch",
      (task: string) =>
        admitting({ ...planOf(task, "eu", ["one"]), release: `sha256:${"00".repeat(32)}` }, { one: decision("allow") }),
    ],
  ])("%s are found", async (_, code, plan) => {
    expect(
      await findings(async (record) => void (await taskOf(record, (task) => [opening("eu"), plan(task)]))),
    ).toEqual([`plans ${code}`]);
  });
});

describe("promotions", () => {
  it("are needed before a task opens", async () => {
    expect(await findings(async (record) => void (await record.allowed(EU)), [])).toEqual([
      "promotions release-not-promoted",
    ]);
  });

  it("by someone who may not promote are found, and so is the task under them", async () => {
    const lead = await enrolled("ada", ["lead"]);
    expect(await findings(async (record) => void (await record.allowed(EU)), [await learning(1, lead)])).toEqual([
      "promotions role-missing",
      "promotions release-not-promoted",
    ]);
  });

  it("of a smaller serial than the last one are found", async () => {
    expect(await findings(() => {}, [await learning(2), await learning(1)])).toEqual(["promotions release-superseded"]);
  });
});

describe("stops", () => {
  it("lifted by someone who is no admin are found", async () => {
    const operator = await enrolled("otto", ["operator"]);
    expect(await findings(() => {}, [await stopped(), await lifted(operator)])).toEqual(["restores restore-unsigned"]);
  });

  it("hold: what acts under one is found", async () => {
    const code = await findings(async (record) => {
      record.chain(EU).write(null, [await stopped()]);
      await record.allowed(EU);
    });
    expect(code).toEqual(["actions stopped"]);
  });
});

describe("data subjects", () => {
  const key = `sbk_${"a".repeat(26)}`;
  const erased: ExecutorEvent = {
    type: "subject-erased",
    key,
    erasure: `ers_${"e".repeat(26)}`,
    by: "key_admin",
    tasks: 1,
  };
  const word = (given: boolean): ExecutorEvent => ({
    type: "consent-recorded",
    key,
    purpose: "service",
    given,
    evidence: null,
    by: "key_app",
  });
  const about = (task: string): Step[] => [
    { ...opening("eu"), subjects: [key], purpose: "service" } as TaskEvent,
    admitting(planOf(task, "eu", ["one"]), { one: decision("allow") }),
  ];
  /** A task about a person opens, something is said of them, and then it acts. */
  const acts = (...between: readonly ExecutorEvent[]) =>
    findings(async (record) => {
      const task = record.newTask(EU);
      record.chain(EU).write(task, await Promise.all(about(task)));
      if (between.length > 0) record.chain(EU).write(null, [...between]);
      record.chain(EU).write(task, await Promise.all(act(task)));
    });

  it("that were erased, or have withdrawn consent, are not acted upon afterwards", async () => {
    expect([await acts(), await acts(word(true)), await acts(word(false), word(true))]).toEqual([[], [], []]);
    expect(await acts(erased)).toEqual(["actions subject-erased"]);
    expect(await acts(word(true), word(false))).toEqual(["actions consent-withdrawn"]);
  });

  it("have tasks under no key that was destroyed before; what was claimed before ends as it ends", async () => {
    const opens = findings(async (record) => {
      record.chain(EU).write(null, [erased]);
      await taskOf(record, about);
    });
    expect(await opens).toEqual(["actions subject-erased"]);
    const ends = findings(async (record) => {
      const task = record.newTask(EU);
      record.chain(EU).write(task, await Promise.all([...about(task), claiming(task, "one", 0)]));
      record.chain(EU).write(null, [erased, word(false)]);
      record.chain(EU).write(task, await Promise.all([applying(task, "one", 0), settling()]));
    });
    expect(await ends).toEqual([]);
  });
});

describe("approvals", () => {
  const approvedBy = async (by: TestPerson, change: Parameters<typeof attesting>[4] = {}) =>
    findings(async (record) => {
      await taskOf(record, awaiting, (task) => [attesting(task, "one", 0, by, change)]);
    });

  it("by a key that nobody enrolled are found", async () => {
    const stranger = await enrolled("ada", ["lead"]);
    expect(await approvedBy({ ...stranger, chain: [] })).toEqual(["attestations chain-broken"]);
  });

  it("by a key that only another member enrolled are found", async () => {
    const lead = await enrolled("ada", ["lead"]);
    expect(await approvedBy(await enrolled("eve", ["lead"], lead))).toEqual(["attestations role-missing"]);
  });

  it.each([
    ["over something else than what waited", { subject: `sha256:${"00".repeat(32)}` }, "attestation-mismatch"],
    ["for another task", { task: "tsk_eu_0_aaaaaaaaaaaaaaaaaaaaaaaaaa" }, "audience-mismatch"],
    ["for another tenant", { tenant: "other" }, "audience-mismatch"],
    ["that had expired", { expiresMs: NOW_MS - 60_000 }, "expired"],
    ["dated in the future", { atMs: NOW_MS + 60_000 }, "not-yet-valid"],
  ])("%s are found", async (_, change, code) => {
    expect(await approvedBy(await enrolled("ada", ["lead"]), change)).toEqual([`attestations ${code}`]);
  });

  it("without the role are found", async () => {
    const code = await findings(async (record) => {
      const clerk = await enrolled("carl", ["clerk"]);
      await taskOf(record, awaiting, (task) => [
        attesting(task, "one", 0, clerk).then((event) => ({ ...event, roles: ["clerk"] })),
      ]);
    });
    expect(code).toEqual(["attestations role-missing"]);
  });

  it("with roles that the enrolment does not give are found", async () => {
    expect(await approvedBy(await enrolled("carl", ["clerk"]))).toEqual(["attestations attestation-mismatch"]);
  });

  it("by whoever asked are found", async () => {
    expect(await approvedBy(await enrolled("rita", ["lead"]))).toEqual(["attestations approver-is-requester"]);
  });

  it("after their key was revoked are found, and before it they stand", async () => {
    const lead = await enrolled("ada", ["lead"]);
    const revoke: ExecutorEvent = { type: "key-revoked", kid: lead.signer.kid, by: "key_admin", reason: "lost" };
    const codes = await findings(async (record) => {
      await record.reviewed(EU, lead);
      record.chain(EU).write(null, [revoke]);
      await record.reviewed(EU, lead);
    });
    expect(codes).toEqual(["attestations key-revoked"]);
  });

  it("used twice are found", async () => {
    const lead = await enrolled("ada", ["lead"]);
    const id = `att_${"a".repeat(26)}`;
    const codes = await findings(async (record) => {
      await taskOf(record, awaiting, (task) => [attesting(task, "one", 0, lead, { id })]);
      await taskOf(record, awaiting, (task) => [attesting(task, "one", 0, lead, { id })]);
    });
    expect(codes).toEqual(["attestations replayed"]);
  });

  it("of one member count once towards a quorum", async () => {
    const lead = await enrolled("ada", ["lead"]);
    const two = [{ rule: "large", role: "lead", quorum: 2 }];
    const events = (task: string): Step[] => [
      opening("eu"),
      admitting(planOf(task, "eu", ["one"]), { one: decision("review", two) }),
      { ...requesting(task, "one", 0), required: two } as TaskEvent,
      attesting(task, "one", 0, lead),
    ];
    const again = (task: string): Step[] => [attesting(task, "one", 0, lead, { id: `att_${"b".repeat(26)}` })];
    expect(await findings(async (record) => void (await taskOf(record, events, again)))).toEqual([
      "attestations already-decided",
    ]);
    const closed = (task: string): Step[] => [closing(task, "one", 0, true)];
    expect(await findings(async (record) => void (await taskOf(record, events, closed)))).toEqual([
      "attestations quorum-missing",
    ]);
  });
});

describe("actions", () => {
  it.each<[string, string, ...((task: string) => readonly Step[])[]]>([
    ["that were denied", "actions not-authorised", admitted("deny"), (task) => act(task)],
    ["that wait for a person", "actions not-authorised", admitted("review"), (task) => act(task)],
    ["whose review is open", "actions order-invalid", awaiting, (task) => act(task)],
    ["that nobody planned", "actions order-invalid", () => [opening("eu")], (task) => act(task)],
    ["of a task that nobody opened", "actions order-invalid", (task) => act(task)],
    [
      "applied twice",
      "actions applied-twice",
      admitted("allow"),
      (task) => [claiming(task, "one", 0), applying(task, "one", 0)],
      (task) => [applying(task, "one", 0)],
    ],
    ["under another id", "actions action-mismatch", admitted("allow"), (task) => [claiming(task, "one", 1)]],
    [
      "applied otherwise than claimed",
      "actions action-mismatch",
      admitted("allow"),
      (task) => [claiming(task, "one", 0, [], "a"), applying(task, "one", 0, [], "b")],
    ],
    [
      "with approvals that were not given",
      "actions not-authorised",
      admitted("allow"),
      (task) => act(task, [`att_${"a".repeat(26)}`]),
    ],
    [
      "after the end of their task",
      "actions order-invalid",
      admitted("deny"),
      () => [{ type: "step-denied", step: "one", rules: [], byDefault: true }, settling("failed")],
      (task) => act(task),
    ],
  ])("%s are found", async (_, code, ...records) => {
    expect(await findings(async (record) => void (await taskOf(record, ...records)))).toEqual([code]);
  });

  it.each<[string, string[], (task: string) => readonly Step[]]>([
    ["as it should be", [], (task) => [observing(task, "one", 0), settling()]],
    ["never", ["actions order-invalid"], () => [settling()]],
    ["twice", ["actions replayed"], (task) => [observing(task, "one", 0), observing(task, "one", 0)]],
    ["of another action", ["actions action-mismatch"], (task) => [observing(task, "one", 1), settling()]],
    [
      "against a prediction that nobody signed",
      ["actions action-mismatch"],
      (task) => [observing(task, "one", 0, { predicted: "e".repeat(43) }), settling()],
    ],
    [
      "in words that contradict each other",
      ["actions order-invalid"],
      (task) => [observing(task, "one", 0, { verdict: "mismatched" }), settling()],
    ],
  ])("whose outcome was read back %s", async (_, expected, after) => {
    const predicted = (task: string): Step[] => {
      const plan = planOf(task, "eu", ["one"]);
      const steps = plan.steps.map((step) => ({ ...step, predicted: { $commit: COMMITMENT } }));
      return [opening("eu"), admitting({ ...plan, steps }, { one: decision("allow") })];
    };
    const acted = (task: string): Step[] => [claiming(task, "one", 0), applying(task, "one", 0)];
    expect(await findings(async (record) => void (await taskOf(record, predicted, acted, after)))).toEqual(expected);
  });

  it("that predicted nothing have no outcome, and none is read before the act", async () => {
    const early = (task: string): Step[] => [observing(task, "one", 0)];
    expect(await findings(async (record) => void (await taskOf(record, admitted("allow"), early)))).toEqual([
      "actions order-invalid",
    ]);
    const unasked = (task: string): Step[] => [claiming(task, "one", 0), applying(task, "one", 0), ...early(task)];
    expect(await findings(async (record) => void (await taskOf(record, admitted("allow"), unasked)))).toEqual([
      "actions action-mismatch",
    ]);
  });

  it("before what they wait for are found", async () => {
    const both = (task: string): Step[] => [
      opening("eu"),
      admitting(planOf(task, "eu", ["one", "two"]), { one: decision("allow"), two: decision("allow") }),
    ];
    expect(
      await findings(async (record) => void (await taskOf(record, both, (task) => [claiming(task, "two", 1)]))),
    ).toEqual(["actions order-invalid"]);
  });

  it("of two tasks under one effect key are found within a region", async () => {
    const codes = await findings(async (record) => {
      await record.allowed(EU, "refund:W1");
      await record.allowed(EU, "refund:W1");
    });
    expect(codes).toEqual(["actions effect-key-repeated"]);
  });

  it("of an approval by an enrolled person stand", async () => {
    const lead = await enrolled("ada", ["lead"]);
    expect(await findings(async (record) => void (await record.reviewed(EU, lead)))).toEqual([]);
  });
});

describe("enrolments", () => {
  it("of another tenant's root do not count", async () => {
    const { kid, privateKey, publicJwk } = await generateKeyPair({ extractable: true });
    const payload = {
      version: 1,
      tenant: "other",
      member: "ada",
      key: publicJwk,
      roles: ["lead"],
      notBeforeMs: 0,
      expiresMs: NOW_MS * 2,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.enrolment,
      payload,
      signers: [await importSigner(KEYS.root)],
    });
    const person: TestPerson = { member: "ada", key: publicJwk, signer: { kid, privateKey }, chain: [envelope] };
    expect(payload.tenant).not.toBe(TENANT);
    expect(
      await findings(
        async (record) => void (await taskOf(record, awaiting, (task) => [attesting(task, "one", 0, person)])),
      ),
    ).toEqual(["attestations chain-broken"]);
  });
});
