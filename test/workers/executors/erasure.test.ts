/** An erasure in workerd: the object's own tables, the regional database and the events under correlation keys hold nothing of it afterwards. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { correlationOf, type Correlation } from "../../../executors/correlation.ts";
import { ERASED } from "../../../shared/subjects.ts";
import { inObject, world, type Calls } from "./world.ts";

const CANARY = "canary-Grace-Hopper-1906";
const bindings = env as unknown as { BUSINESS_EU: D1Database; CORRELATION: DurableObjectNamespace<Correlation> };
const TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";

/** Every text of every table of an object. */
const stored = (object: Calls): Promise<string> =>
  inObject(object, (_, { storage: { sql } }) =>
    sql
      .exec<{ name: string }>(TABLES)
      .toArray()
      .map(({ name }) => JSON.stringify(sql.exec(`SELECT * FROM "${name}"`).toArray()))
      .join("\n"),
  );
const spellings = [
  CANARY,
  Buffer.from(CANARY).toString("hex"),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(" ".repeat(shift) + CANARY)
      .toString("base64")
      .slice(4, -4),
  ),
];
const found = (text: string) => spellings.filter((spelling) => text.includes(spelling));

it("takes values out of the object, out of effect rows and out of kept events", async () => {
  const ref = (pointer: string) => ({ $ref: `steps.told.result#${pointer}` });
  const w = await world({
    input: {
      type: "object",
      additionalProperties: false,
      required: ["customer", "text"],
      properties: {
        customer: { type: "string", "x-origin": "principal", "x-subject-id": "customer" },
        text: { type: "string", "x-origin": "principal", "x-subject": "customer" },
      },
    },
    playbook: {
      version: 1,
      steps: [
        { id: "told", capability: "wait.event", args: { type: "said", key: { $cel: "'key-1'" } } },
        {
          id: "hand",
          capability: "support.hand_off",
          args: { customerId: { $cel: "intent.input.customer" }, summary: ref("/data/text") },
          after: ["told"],
        },
        { id: "rest", capability: "wait.signal", args: { name: "never" }, after: ["hand"] },
      ],
    } as never,
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
  });
  await bindings.BUSINESS_EU.prepare(
    "INSERT INTO customers (tenant, id, first_name, last_name, email, address1, address2, city, state, country, zip) VALUES (?, 'grace_hopper_1906', 'G', 'H', 'g@example.com', '', '', '', '', '', '')",
  )
    .bind(w.tenant)
    .run();
  const customer = "grace_hopper_1906";
  const opened = await w.executor().submit(await w.submission({ customer, text: CANARY }, { waitMs: 0 }));
  if (!opened.ok) throw new Error(opened.problem.detail);
  const task = opened.value.view.id;
  const correlation = correlationOf(bindings.CORRELATION, w.tenant, "key-1");
  const event = (id: string) => ({ source: "/chat", id, type: "said", data: { text: `${CANARY} ${id}` } });
  await expect.poll(async () => (await correlation.deliver("key-1", event("e1"))).ok).toBe(true);
  await expect
    .poll(async () => {
      const read = await w.executor().read(task);
      return read.ok && read.value.steps.map(({ status }) => status).join(" ");
    })
    .toBe("applied applied applying");
  expect(found(await stored(correlation as never))).not.toEqual([]);
  const effects = () =>
    bindings.BUSINESS_EU.prepare("SELECT result FROM countersign_effects WHERE tenant = ?").bind(w.tenant).all();
  expect(found(await stored(w.executor()))).toEqual([]);

  const digest = "d".repeat(26);
  const erased = await w
    .executor()
    .eraseSubject({ subject: `customer:${customer}`, digest, erasure: `ers_${"e".repeat(26)}`, by: "key_admin" });
  expect(erased).toMatchObject({
    ok: true,
    value: {
      tasks: 1,
      remaining: 0,
      done: true,
      left: { actions: [{ capability: "support.hand_off", delivery: "exactly-once", count: 1 }] },
    },
  });
  const texts = [await stored(w.executor()), await stored(correlation as never), JSON.stringify(await effects())];
  expect(texts.flatMap(found)).toEqual([]);
  expect((await effects()).results).toEqual([{ result: JSON.stringify(ERASED) }]);
  const read = await w.executor().read(task);
  expect(read).toMatchObject({ ok: true, value: { erased: true, status: "cancelled", input: ERASED } });
  const witness = await w.executor().witness();
  expect(witness).toMatchObject({ value: { erasing: 0 } });
});
