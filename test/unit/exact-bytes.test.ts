/**
 * The bytes of every signed and stored form. A change here breaks signatures that exist, chains that are stored or logs that were published:
 * it needs a new version of the form, not a new expectation.
 */
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { seal, GENESIS } from "../../executors/journal.ts";
import { Attestation, subjectDigest } from "../../shared/attestation.ts";
import { canonicalize, digestOf } from "../../shared/canonical.ts";
import { entryId, entryText, ENTRY_TYPES, Entry } from "../../shared/entry.ts";
import { Epoch, epochEntryText } from "../../shared/epoch.ts";
import { actionId, planId, proposalId, reviewId, shardOf, toBase32 } from "../../shared/ids.ts";
import type { JsonObject } from "../../shared/json.ts";
import { ExecutorEvent, Restore, TaskEvent } from "../../shared/events.ts";
import { Enrolment, Possession } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { Plan } from "../../shared/proposal.ts";
import { ChainStatement, Receipt } from "../../shared/receipt.ts";
import { Resolution } from "../../shared/resolution.ts";
import { Promotion } from "../../shared/release.ts";

const TASK = `tsk_eu_2_${"a".repeat(26)}`;

describe("identifiers", () => {
  it("follow from the task", () => {
    expect([planId(TASK, 1), proposalId(TASK, 1, 0), actionId(TASK, 2, 3), reviewId(TASK, 1, 0, 1)]).toEqual([
      `pln_${"a".repeat(26)}_1`,
      `prp_${"a".repeat(26)}_1_0`,
      `act_${"a".repeat(26)}_2_3`,
      `rev_eu_2_${"a".repeat(26)}_1_0_1`,
    ]);
  });
  it("spell 16 bytes as 26 characters of base32", () => {
    expect(toBase32(new TextEncoder().encode("foobar"))).toBe("mzxw6ytboi");
  });
  it("choose the shard by the first three bytes", () => {
    expect([
      shardOf(Uint8Array.of(0, 0, 5), 4),
      shardOf(Uint8Array.of(255, 255, 255), 4),
      shardOf(Uint8Array.of(1, 0, 0), 3),
    ]).toEqual([1, 3, 1]);
  });
});

describe("data subjects in the record", () => {
  it("are random ids of keys; a task about nobody has no word of them", () => {
    const key = `sbk_${"a".repeat(26)}`;
    const erased = { type: "subject-erased", key, erasure: "ers_1", by: "key_1", tasks: 2 };
    const word = { type: "consent-recorded", key, purpose: "service", given: true, evidence: null, by: "key_1" };
    expect([erased, word].map((event) => canonicalize(ExecutorEvent.parse(event)))).toEqual([
      `{"by":"key_1","erasure":"ers_1","key":"${key}","tasks":2,"type":"subject-erased"}`,
      `{"by":"key_1","evidence":null,"given":true,"key":"${key}","purpose":"service","type":"consent-recorded"}`,
    ]);
  });
});

describe("payload types", () => {
  it("are pinned", () => {
    expect(Object.values(PAYLOAD_TYPES).sort()).toEqual(
      [
        "attestation",
        "enrolment",
        "epoch",
        "plan",
        "possession",
        "promotion",
        "receipt",
        "resolution",
        "restore",
        "reversal",
        "rewind",
        "statement",
      ].map((kind) => `application/vnd.countersign.${kind}.v1+json`),
    );
  });
});

describe("the chain", () => {
  const events = [{ type: "cancel-requested", by: "key_1" }] as const;
  it("seals a record as these bytes under this hash", () => {
    const first = seal("dev/eu/2", GENESIS, 1_700_000_000_000, TASK, events, null);
    expect(first.body).toBe(
      `{"atMs":1700000000000,"events":[{"by":"key_1","type":"cancel-requested"}],"executor":"dev/eu/2","prev":"${"0".repeat(64)}","seq":1,"task":"${TASK}","version":1}`,
    );
    expect(first.hash).toBe("b45d198c3a7a44fe44a4e21251394a8f5eb105244ca81b7e95ef42c300ff9be1");
    expect(seal("dev/eu/2", first, 1_700_000_000_001, TASK, events, null).body).toContain(
      `"prev":"${first.hash}","seq":2`,
    );
  });
});

describe("entries", () => {
  it("are these bytes, canonical, and satisfy their own schema", () => {
    const record = seal(
      "dev/eu/2",
      GENESIS,
      1_700_000_000_000,
      TASK,
      [{ type: "cancel-requested", by: "key_1" }],
      null,
    ).body;
    const text = entryText("task", "dev/eu/2", TASK, [record], 1, 1_700_000_000_500);
    expect(text).toBe(
      `{"data":{"records":[${record}]},"datacontenttype":"application/json","id":"${entryId(ENTRY_TYPES.task, "dev/eu/2", 1)}","source":"/executors/dev/eu/2",` +
        `"specversion":"1.0","subject":"${TASK}","time":"2023-11-14T22:13:20.500Z","type":"countersign.task.records.v1"}`,
    );
    expect(canonicalize(JSON.parse(text))).toBe(text);
    expect(Entry.safeParse(JSON.parse(text)).success).toBe(true);
    expect(entryId(ENTRY_TYPES.task, "dev/eu/2", 1)).toBe("evt_cd7tcrzp5b3xrhi2v7sbx4q7xy");
  });
});

describe("the entry of an epoch", () => {
  it("is these bytes, canonical, and satisfies the schema of an entry", () => {
    const signature = { keyid: "k".repeat(43), sig: `${"A".repeat(86)}==` };
    const envelope = { payloadType: PAYLOAD_TYPES.epoch, payload: "e30=", signatures: [signature] };
    const id = `epo_${"a".repeat(26)}`;
    const text = epochEntryText("dev", id, { envelope, chains: [[]] }, 1_700_000_000_500);
    expect(text).toBe(
      `{"data":{"chains":[[]],"envelope":${canonicalize(envelope)}},"datacontenttype":"application/json","id":"${entryId(ENTRY_TYPES.epoch, id, 0)}",` +
        `"source":"/log/dev","specversion":"1.0","subject":"${id}","time":"2023-11-14T22:13:20.500Z","type":"countersign.log.epoch.v1"}`,
    );
    expect(Entry.safeParse(JSON.parse(text)).success).toBe(true);
  });
});

describe("what people sign", () => {
  it("binds challenge, step, arguments, premises and what was shown under this digest", () => {
    expect(
      subjectDigest({
        challenge: "c",
        step: `sha256:${"1".repeat(64)}`,
        args: { orderId: "#W1234567" },
        premises: [],
        shown: { summary: "s" },
      }),
    ).toBe("sha256:aaee40f49d6cb06dbebd73bb790dd4063d9c46240138406684bb93bb4f7c7d27");
  });
});

describe("plans", () => {
  it("have this canonical form", () => {
    const plan = Plan.parse({
      version: 1,
      tenant: "dev",
      region: "eu",
      task: TASK,
      automation: "notes",
      plan: planId(TASK, 1),
      round: 1,
      last: true,
      agent: { planner: "playbook", id: "playbook", member: null },
      release: `sha256:${"2".repeat(64)}`,
      input: "c".repeat(43),
      notBeforeMs: 1,
      expiresMs: 2,
      steps: [
        {
          id: "a",
          proposal: proposalId(TASK, 1, 0),
          capability: "journal.note",
          contract: `sha256:${"3".repeat(64)}`,
          args: { text: { $commit: "d".repeat(43) } },
          after: [],
          when: null,
          premises: [{ resource: "orders/#W1", version: 3 }],
          undo: {
            capability: "journal.strike",
            contract: `sha256:${"4".repeat(64)}`,
            args: { note: { $result: "/note" } },
            windowMs: 3_600_000,
          },
          claimedConfidence: 0.5,
          rationale: null,
          predicted: { $commit: "e".repeat(43) },
          advice: { answer: "allow", final: true, rules: ["r"] },
        },
      ],
    });
    expect(digestOf(plan)).toBe("sha256:3ad750e589fd304a872cea260eb69b7f778cbbea553c885733c5a4a4acb26bfe");
    const call = {
      purpose: "plan",
      tier: "small",
      model: "small-2026-01-01",
      startMs: 1,
      endMs: 2,
      inputTokens: 10,
      outputTokens: 20,
      microCents: 900,
      usage: "reported",
      outcome: "ok",
      transcript: { $commit: "ccccccccccccccccccccccccccccccccccccccccccc" },
    };
    const byModel = Plan.parse({ ...plan, agent: { planner: "model", id: call.model, member: null }, model: [call] });
    expect(digestOf(byModel)).toBe("sha256:0b6091c86fc6a4491d9a809955210c537c7897054b579139071f8584f7adbfd3");
    const part = { ...call, purpose: "classify", shared: { call: "0123456789abcdef", part: 2, of: 3 } };
    expect(digestOf(Plan.parse({ ...plan, model: [part] }))).toBe(
      "sha256:a5bc181d8630a2d9ce6ea52c2b90316c1e05e9093d443fe7aba0c0f89956e480",
    );
    expect(Plan.safeParse({ ...plan, model: [{ ...part, shared: { ...part.shared, part: 4 } }] }).success).toBe(false);
  });
});

/** Digests computed with another implementation over the same values. */
const FORMS: [string, z.ZodType, unknown, string][] = [
  [
    "attestation",
    Attestation,
    {
      version: 1,
      id: "att_bbbbbbbbbbbbbbbbbbbbbbbbbb",
      tenant: "dev",
      task: "tsk_eu_2_aaaaaaaaaaaaaaaaaaaaaaaaaa",
      step: "a",
      review: "rev_eu_2_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0_1",
      subject: "sha256:4444444444444444444444444444444444444444444444444444444444444444",
      decision: "reject",
      reason: "no",
      atMs: 1,
      expiresMs: 2,
    },
    "sha256:9c60858edcb766b4a54ca1c8e06aca65aced98c4d442969d6c4e17d285871ba3",
  ],
  [
    "resolution",
    Resolution,
    {
      version: 1,
      id: "res_bbbbbbbbbbbbbbbbbbbbbbbbbb",
      tenant: "dev",
      task: "tsk_eu_2_aaaaaaaaaaaaaaaaaaaaaaaaaa",
      step: "a",
      action: "act_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      digest: "sha256:4444444444444444444444444444444444444444444444444444444444444444",
      attempt: 1,
      outcome: "not-applied",
      retry: true,
      result: null,
      reason: "the bank knows no such booking",
      atMs: 1,
      expiresMs: 2,
    },
    "sha256:9d9b14c500e957068eeca829763f56f37b2a0a53f000c09d3b3ec11e94e0887f",
  ],
  [
    "enrolment",
    Enrolment,
    {
      version: 1,
      tenant: "dev",
      member: "ada",
      key: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
      roles: ["approver", "lead"],
      notBeforeMs: 1,
      expiresMs: 2,
    },
    "sha256:ba4bebf9cf77f76d07e7c6e1782a13099ac5c5de96ddc3e2c995fe777da026d2",
  ],
  [
    "possession",
    Possession,
    {
      version: 1,
      tenant: "dev",
      member: "ada",
      key: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
      atMs: 1,
    },
    "sha256:b49b38fef486f28b1f66b568373ff46ed7b0767fcd3eb5d59aca656b7489d86b",
  ],
  [
    "promotion",
    Promotion,
    {
      version: 1,
      tenant: "dev",
      automation: "notes",
      release: "sha256:5555555555555555555555555555555555555555555555555555555555555555",
      serial: 1,
      atMs: 1,
      expiresMs: 2,
    },
    "sha256:45e42a78611c474fb0698263128777ce7142c7bb6cdac913c03353ee09acc538",
  ],
  [
    "restore",
    Restore,
    {
      version: 1,
      tenant: "dev",
      kind: "capability",
      target: "orders.cancel",
      stop: "stp_cccccccccccccccccccccccccc",
      atMs: 1,
      expiresMs: 2,
    },
    "sha256:ec17cacc7682735fad1aee4be11d9d75d5cf7ea00339203adef289d2ec737de8",
  ],
  [
    "epoch",
    Epoch,
    {
      version: 1,
      tenant: "dev",
      epoch: `epo_${"a".repeat(26)}`,
      old: "countersign.local/dev\n9\nAAAA\n\n— x y\n",
      new: "countersign.local/dev\n7\nAAAA\n\n— x y\n",
      reason: "restored",
      atMs: 1,
      expiresMs: 2,
    },
    "sha256:4b29cb2fbbc89b581a8863d63a74078ccbd47a9d1cb80137a8befce6b72da791",
  ],
  [
    "receipt",
    Receipt,
    {
      version: 1,
      tenant: "dev",
      executor: "dev/eu/2",
      task: "tsk_eu_2_aaaaaaaaaaaaaaaaaaaaaaaaaa",
      step: "a",
      action: "act_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      proposal: "prp_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      capability: "orders.cancel",
      contract: "sha256:6666666666666666666666666666666666666666666666666666666666666666",
      release: "sha256:5555555555555555555555555555555555555555555555555555555555555555",
      delivery: "exactly-once",
      effectKey: "cancel:order:#W1",
      premises: [{ resource: "orders/#W1", version: 3, class: "same-transaction" }],
      left: [{ resource: "orders/#W1", version: 4 }],
      attestations: ["att_bbbbbbbbbbbbbbbbbbbbbbbbbb"],
      result: "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",
      replayed: false,
      atMs: 1,
      seq: 7,
    },
    "sha256:b5f5910b9e10808aaf289d3f5d48325ddbb6bad2bd05bf4fb10a99da21c98d4a",
  ],
  [
    "statement",
    ChainStatement,
    {
      version: 1,
      tenant: "dev",
      executor: "dev/eu/2",
      seq: 7,
      head: "7777777777777777777777777777777777777777777777777777777777777777",
      atMs: 1,
    },
    "sha256:f8433516b5169220330320d1b3224ca34f86a6e0b89b3ac5265ec863201bf3fb",
  ],
];

describe("what is signed", () => {
  for (const [name, schema, value, digest] of FORMS)
    it(`a ${name} has this form and no other field`, () => {
      expect(digestOf(schema.parse(value))).toBe(digest);
      expect(schema.safeParse({ ...(value as object), more: 1 }).success).toBe(false);
      for (const field of Object.keys(value as object)) {
        const { [field]: _, ...rest } = value as Record<string, unknown>;
        expect(schema.safeParse(rest).success, `without ${field}`).toBe(false);
      }
    });
});

/** Digests computed with another implementation over the same values. */
const EVENTS: readonly (readonly [JsonObject, string])[] = [
  [
    {
      type: "step-in-doubt",
      step: "a",
      action: "act_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      attempt: 1,
      code: "effect-in-doubt",
      asked: 0,
      askAtMs: null,
      tags: ["order:#W1"],
    },
    "sha256:e8c10caba27c7e7cce73f25b5da3bec937f7e57ad312e348a55bae752a651c61",
  ],
  [
    {
      type: "answer-contradicted",
      step: "a",
      action: "act_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      attempt: 1,
      resolution: "res_bbbbbbbbbbbbbbbbbbbbbbbbbb",
      answer: "applied",
    },
    "sha256:cf8a6e50dedd3a0d80f7bcba0738875e61d6bf9db53dd7e8dfd5a2b4033b253f",
  ],
  [
    {
      type: "wait-started",
      step: "a",
      action: "act_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0",
      wait: "signal",
      name: "paid",
      untilMs: 7,
      onTimeout: "fail",
      attestations: [],
    },
    "sha256:e281da1d0284cabfbedce05aa3d5c2f17aa1c4af3b1d56beee8983bad5fcc301",
  ],
  [
    { type: "wait-ended", step: "a", by: "signal", id: "pay-1" },
    "sha256:c5682561abb363be7aa0eb33757f99985ac876a0c2222ef0ab8a04e6019ea165",
  ],
  [
    {
      type: "signal-received",
      name: "paid",
      id: "pay-1",
      by: "key_1",
      payload: "ccccccccccccccccccccccccccccccccccccccccccc",
      bytes: 2,
    },
    "sha256:ab21f5155b5eff4dd12454ba75697318f9401430c26255dd23967746c32375aa",
  ],
  [
    { type: "planning-stopped", round: 1, code: "model-unavailable", next: "person", calls: [] },
    "sha256:08c31c9fe82b2821d6d1ed6c2824d5711e18236cdcc38d3cefdce43b8df38f0d",
  ],
  [
    {
      type: "outcome-observed",
      step: "a",
      action: "act_a",
      predicted: "ccccccccccccccccccccccccccccccccccccccccccc",
      verdict: "mismatched",
      fields: ["status"],
      values: "ddddddddddddddddddddddddddddddddddddddddddd",
      code: null,
    },
    "sha256:b0e8ed72c01de8ceb1d57e828897641776505a2faeca914f139ff913b4c27bb0",
  ],
  [
    {
      type: "outcome-reported",
      automation: "refunds",
      capabilities: ["orders.refund"],
      correct: false,
      label: "refunded-twice",
      source: "returns-desk",
      by: "key_app",
      occurredMs: 1_700_000_000_000,
      note: "ccccccccccccccccccccccccccccccccccccccccccc",
      supersedes: { correct: true, atMs: 1_700_000_000_001 },
    },
    "sha256:605243d71e4bb5a67da1b398de8281bc72bf836e04c482263d6164c44e513c7d",
  ],
];

describe("events of steps that take their time", () => {
  it.each(EVENTS)("%o has this form and no other field", (event, digest) => {
    expect(digestOf(TaskEvent.parse(event))).toBe(digest);
    expect(TaskEvent.safeParse({ ...event, more: 1 }).success).toBe(false);
  });
});
