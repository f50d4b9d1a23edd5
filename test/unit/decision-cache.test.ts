/** What is kept of a model's plan for the same question: never a personal value, never for another question, never for longer than said. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { questionOf, stepsFor, stepsToKeep } from "../../intent-manager/planning/model/decision.ts";
import { DecisionBook } from "../../intent-manager/planning/model/decision-book.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { TaskContext } from "../../shared/rpc.ts";
import { contract, declarations, declare, object } from "../support/release.ts";

const PERSONAL = { type: "string", "x-subject": "customer" };
const note = declare({
  name: "notes.add",
  input: object({ to: PERSONAL, text: { type: "string" }, kind: { type: "string" }, count: { type: "integer" } }, [
    "to",
    "text",
    "kind",
    "count",
  ]),
});
const world = (personal: boolean) =>
  ({
    declarations: declarations(
      contract({ mail: personal ? PERSONAL : { type: "string" }, topic: { type: "string" } }, ["topic"]),
      note,
    ),
  }) as unknown as CompiledRelease;
const written = (args: JsonObject, rationale?: string) => ({
  steps: [{ id: "a", capability: "notes.add", args, after: [], ...(rationale === undefined ? {} : { rationale }) }],
  last: true,
  confidence: null,
});
const INPUT = { mail: "ada@lund.example", topic: "billing" };
const keep = (
  args: JsonObject,
  { personal = true, rationale = undefined as string | undefined, ofSubject = false } = {},
) => stepsToKeep(written(args, rationale) as never, INPUT, world(personal), ofSubject);

describe("what is kept of a plan", () => {
  it("points to the values of the input, and is filled in again", () => {
    const args = { to: INPUT.mail, kind: "billing", text: "urgent", count: 2 };
    const kept = keep(args)!;
    expect(kept[0]!.args).toEqual({ to: { $input: "/mail" }, kind: { $input: "/topic" }, text: "urgent", count: 2 });
    expect(stepsFor({ steps: kept }, INPUT)![0]!.args).toEqual(args);
    expect(stepsFor({ steps: kept }, { topic: "billing" })).toBeNull();
  });

  it("is nothing where a value says something else of a person", () => {
    for (const args of [
      { to: "bob@x.example" },
      { text: "ada" },
      { text: "Mail ada@lund.example now" },
      { text: "Please hurry" },
    ])
      expect(keep(args)).toBeNull();
  });

  it("is nothing where the intent alone names whom it is about: an erasure reaches no kept plan", () => {
    const said = { text: "Ada Lund owes us" };
    expect(keep(said, { personal: false })).not.toBeNull();
    expect(keep(said, { personal: false, ofSubject: true })).toBeNull();
    expect(keep({ to: INPUT.mail, text: "urgent" }, { ofSubject: true })).not.toBeNull();
  });

  it("has a model's prose only where the input has nothing personal", () => {
    expect(keep({ text: "urgent" }, { rationale: "Ada asked." })![0]!.rationale).toBeUndefined();
    expect(keep({ text: "Please hurry" }, { personal: false, rationale: "It was asked." })![0]!.rationale).toBe(
      "It was asked.",
    );
  });

  it("never holds a personal value, whatever the model wrote", () => {
    const text = fc.oneof(
      fc.constantFrom("ada", "urgent", "ADA@LUND.EXAMPLE", INPUT.mail, `<${INPUT.mail}>`),
      fc.string(),
    );
    fc.assert(
      fc.property(text, text, text, (to, one, rationale) => {
        const kept = keep({ to, text: one }, { rationale });
        if (kept !== null) expect(JSON.stringify(kept).toLowerCase()).not.toContain(INPUT.mail);
        if (kept !== null) expect(stepsFor({ steps: kept }, INPUT)![0]!.args).toEqual({ to, text: one });
      }),
      { numRuns: 200 },
    );
  });
});

describe("the question", () => {
  const release = {
    digest: "sha256:a",
    bundle: { model: { cache: { ttlSeconds: 60 } } },
  } as unknown as CompiledRelease;
  const context = {
    input: INPUT,
    purpose: null,
    nextRound: 1,
    fromEvent: false,
    task: { region: "eu", steps: [], principal: { role: "app" } },
  } as unknown as TaskContext;
  const key = (change: object = {}, under = release) => questionOf({ ...context, ...change } as TaskContext, under);

  it("is the same for the same input in any order of its fields, and another one for everything else", () => {
    expect(key({ input: { topic: "billing", mail: INPUT.mail } })).toBe(key());
    const others = [
      key({ input: { ...INPUT, topic: "other" } }),
      key({ purpose: "service" }),
      key({ fromEvent: true }),
      key({ task: { ...context.task, region: "us" } }),
      key({ task: { ...context.task, principal: { role: "agent" } } }),
      key({}, { ...release, digest: "sha256:b" }),
    ];
    expect(new Set([...others, key()]).size).toBe(others.length + 1);
  });

  it("is none in later rounds, and where the release keeps nothing", () => {
    expect(key({ nextRound: 2 })).toBeNull();
    expect(key({}, { ...release, bundle: { model: {} } } as unknown as CompiledRelease)).toBeNull();
  });
});

it("a kept plan ends with its time, and the oldest make room", () => {
  const db = new DatabaseSync(":memory:");
  const book = new DecisionBook({
    exec: (query: string, ...values: (string | number)[]) => {
      if (values.length === 0) return db.exec(query) as never;
      const rows = db.prepare(query).all(...values);
      return { toArray: () => rows } as never;
    },
  });
  book.remember("a", "1", 1_000, 0);
  expect([book.recall("a", 999), book.recall("a", 1_000), book.recall("b", 0)]).toEqual(["1", null, null]);
  book.remember("long", "x".repeat(LIMITS.decisionChars + 1), 1_000, 0);
  expect(book.recall("long", 1)).toBeNull();
  for (let i = 0; i <= LIMITS.decisionsKept; i++) book.remember(`k${i}`, "1", 10_000 + i, 5_000);
  expect([book.recall("k0", 5_001), book.recall(`k${LIMITS.decisionsKept}`, 5_001)]).toEqual([null, "1"]);
});
