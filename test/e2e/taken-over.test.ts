/**
 * Each plane in an attacker's hands, first its key, then what it can reach. Nothing unauthorised happens, and what happened anyway is named.
 * The attacker's signatures are valid: what refuses them is that no plane believes another's decision.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { DEMO } from "../../scripts/demo-data.ts";
import { newPrivateKey } from "../../scripts/lib/keys.ts";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import { executorName } from "../../shared/ids.ts";
import { keyId } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { ExecutorRpc, SubmitCommand } from "../../shared/rpc.ts";
import {
  attestation,
  enrol,
  newTask,
  promote,
  release,
  sign,
  submission,
  type TestRelease,
} from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop, reviewer, until } from "./people.ts";
import { download, effects, findings, verify } from "./record.ts";

let system: Countersign;
let keys: Countersign["tenants"][string]["apiKeys"];
beforeAll(async () => {
  system = await startCountersign();
  keys = system.tenants["dev"]!.apiKeys;
  await openShop(system);
});
afterAll(() => system?.stop());

const { ada, grace } = DEMO;
const shipped = (name: string): TestRelease => {
  const loaded = loadAutomation(name);
  if (!loaded.ok) throw new Error(loaded.problem.detail);
  const compiled = compileRelease(loaded.value.text);
  if (!compiled.ok) throw new Error(compiled.problem.detail);
  return { text: loaded.value.text, digest: loaded.value.digest, compiled: compiled.value };
};
/** An executor object, reached as the intent-manager reaches it. */
async function executor(region: string, shard: number): Promise<Omit<ExecutorRpc, never>> {
  const env = (await system.harness.getWorker("countersign").getEnv()) as { REGIONAL_EXECUTOR: DurableObjectNamespace };
  return env.REGIONAL_EXECUTOR.getByName(executorName("dev", region, shard)) as never;
}
const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);
const cancelInput = (orderId: string, change: object = {}) => ({
  customerId: ada.customerId,
  orderId,
  reason: "no longer needed",
  confirmed: true,
  ...change,
});
const orderStatus = async (id: string, binding: "BUSINESS_EU" | "BUSINESS_US" = "BUSINESS_EU") =>
  (await system.sql(binding, "SELECT status FROM orders WHERE tenant = 'dev' AND id = ?", id))[0]?.["status"];

/** A submission under the stolen proposal key, straight to the executor. */
async function forged(made: TestRelease, input: object, change: Partial<Parameters<typeof submission>[0]> = {}) {
  const task = newTask("eu", 4);
  const command: SubmitCommand = await submission({
    tenant: "dev",
    task: task.id,
    release: made,
    input: input as never,
    proposalKey: system.workerKeys.proposalKey,
    waitMs: 3_000,
    ...change,
  });
  return { task, answer: await (await executor("eu", task.shard)).submit(command) };
}

describe("with the intent-manager's key", () => {
  it("an advice of `allow` and no mention of reviewers does not spare the person that policy asks for", async () => {
    const { answer, task } = await forged(shipped("order-cancellation"), cancelInput(ada.largeOrder), { waitMs: 0 });
    expect(code(answer)).toBe("ok");
    const stub = await executor("eu", task.shard);
    const waiting = await until(
      () => stub.read(task.id),
      (view) => view.ok && view.value.status === "waiting",
    );
    expect(waiting).toMatchObject({ value: { steps: [{}, { status: "awaiting_review" }] } });
    expect(await orderStatus(ada.largeOrder)).toBe("pending");
    await stub.cancel(task.id, "test");
  });

  it("a denied action stays denied, whatever the manager's advice says", async () => {
    const { answer } = await forged(shipped("order-cancellation"), cancelInput(ada.smallOrder, { confirmed: false }));
    expect(answer).toMatchObject({
      ok: true,
      value: { view: { status: "failed", steps: [{}, { status: "denied" }] } },
    });
    expect(await orderStatus(ada.smallOrder)).toBe("pending");
  });

  const wide = () =>
    release(contracts, {
      ...shipped("order-cancellation").compiled.bundle,
      policy: { default: "deny", rules: [{ id: "everything", when: "true", then: "allow" }] },
    });

  it("an invented release is not accepted: it carries no promotion", async () => {
    const { answer } = await forged(wide(), cancelInput(ada.largeOrder));
    expect(code(answer)).toBe("release-needed");
  });

  it("a wider policy is not accepted under a promotion that the manager signs itself", async () => {
    const made = wide();
    const delivery = await promote(system.workerKeys.proposalKey, "dev", made, 1_000);
    expect(code((await forged(made, cancelInput(ada.largeOrder), { delivery })).answer)).toBe("chain-broken");
  });

  it("a wider policy is not accepted under the promotion of the real one", async () => {
    const real = await promote(system.tenants["dev"]!.rootKey, "dev", shipped("order-cancellation"), 1_001);
    const made = wide();
    const delivery = { bundle: made.text, promotion: real.promotion };
    expect(code((await forged(made, cancelInput(ada.largeOrder), { delivery })).answer)).toBe("release-mismatch");
  });

  it("an enrolment of its own making approves nothing", async () => {
    const opened = await system.call(keys.app, "/v1/intents", {
      body: { automation: "order-cancellation", input: cancelInput(ada.largeOrder), idempotencyKey: "own-enrolment" },
    });
    const waiting = await until(
      async () => (await system.call(keys.app, `/v1/tasks/${opened.body.task}`)).body,
      (view) => view.status === "waiting",
    );
    const review = (await system.call(keys.approver, `/v1/reviews/${waiting.steps[1].review}`)).body;
    const own = newPrivateKey();
    const chain = [await enrol(system.workerKeys.proposalKey, "dev", "ada", own, ["support-lead"])];
    const stub = await executor("eu", Number(review.id.split("_")[2]));
    const send = async (envelope: Awaited<ReturnType<typeof attestation>>, links = chain) =>
      code(await stub.decide(review.id, { envelope, chain: links }));
    expect(await send(await attestation(own, "dev", review, "approve"))).toBe("chain-broken");
    expect(await send(await attestation(system.workerKeys.proposalKey, "dev", review, "approve"), [])).toBe(
      "chain-broken",
    );

    // A real approver's signature over something else than what waits: the manager showed other arguments.
    const lead = await reviewer(system, "ada", ["support-lead"]);
    const { subjectDigest } = await import("../../shared/attestation.ts");
    const shownOther = {
      ...review,
      subject: subjectDigest({ ...review.parts, args: { ...review.parts.args, orderId: ada.smallOrder } }),
    };
    expect(await send(await attestation(lead.key, "dev", shownOther, "approve"), [...lead.chain])).toBe(
      "attestation-mismatch",
    );
    expect(await orderStatus(ada.largeOrder)).toBe("pending");
    await system.call(keys.operator, `/v1/tasks/${waiting.id}/cancel`, { body: {} });
  });

  it("a revoked capability is not restored without an admin's signature", async () => {
    const revoked = await system.call(keys.operator, "/v1/capabilities/orders.cancel/revoke", {
      body: { reason: "drill" },
    });
    expect(revoked.status).toBe(200);
    const stub = await executor("eu", 0);
    const witness = await stub.witness();
    if (!witness.ok) throw new Error(witness.problem.code);
    const stop = witness.value.stops.find((one) => one.target === "orders.cancel")!.stop;
    const restore = {
      version: 1,
      tenant: "dev",
      kind: "capability",
      target: "orders.cancel",
      stop,
      atMs: Date.now(),
      expiresMs: Date.now() + 60_000,
    };
    const by = async (key: Parameters<typeof sign>[0], chain: never[] = []) =>
      code(await stub.restore({ envelope: await sign(key, PAYLOAD_TYPES.restore, restore), chain }));
    expect(await by(system.workerKeys.proposalKey)).toBe("chain-broken");
    const lead = await reviewer(system, "ada", ["support-lead", "approver"]);
    expect(
      code(await stub.restore({ envelope: await sign(lead.key, PAYLOAD_TYPES.restore, restore), chain: lead.chain })),
    ).toBe("restore-unsigned");
    const { answer } = await forged(shipped("order-cancellation"), cancelInput(ada.smallOrder));
    expect(code(answer)).toBe("stopped");
    const envelope = await sign(system.tenants["dev"]!.rootKey, PAYLOAD_TYPES.restore, restore);
    const restored = await system.call(keys.admin, "/v1/capabilities/orders.cancel/restore", {
      body: { envelope, chain: [] },
    });
    expect(restored.status).toBe(200);
  });

  it("the honest work still goes through", async () => {
    const done = await system.call(keys.app, "/v1/intents", {
      body: { automation: "order-cancellation", input: cancelInput(ada.smallOrder), idempotencyKey: "honest" },
      headers: { prefer: "wait=10" },
    });
    expect([done.status, done.body.status]).toEqual([200, "succeeded"]);
    expect(await orderStatus(ada.smallOrder)).toBe("cancelled");
  });
});

describe("with an executor", () => {
  it("its key signs no plan and no approval that anyone accepts", async () => {
    const { answer } = await forged(shipped("notes"), { text: "x" }, { proposalKey: system.workerKeys.receiptKey });
    expect(code(answer)).toBe("key-unknown");
  });

  it("an effect that nobody proposed is named by the completeness check, and nothing else is", async () => {
    await system.sql(
      "BUSINESS_US",
      "UPDATE orders SET status = 'cancelled', version = version + 1 WHERE tenant = 'dev' AND id = ?",
      grace.smallOrder,
    );
    const action = `act_${"z".repeat(26)}_1_0`;
    const [model] = await system.sql(
      "BUSINESS_EU",
      "SELECT * FROM countersign_effects WHERE status = 'applied' LIMIT 1",
    );
    const planted = { ...model!, action, effect_key: null, task: `tsk_us_0_${"z".repeat(26)}` };
    const columns = Object.keys(planted);
    await system.sql(
      "BUSINESS_US",
      `INSERT INTO countersign_effects (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      ...Object.values(planted),
    );
    const before = await effects(system);
    const record = await download(system);
    const report = await verify(system, record, { effects: { before, after: await effects(system) } });
    expect(findings(report)).toEqual(["effect-unproposed"]);
    expect(JSON.stringify(report.checks)).toContain(action);
    await system.sql("BUSINESS_US", "DELETE FROM countersign_effects WHERE action = ?", action);
    const clean = await verify(system, await download(system), {
      effects: { before: await effects(system), after: await effects(system) },
    });
    expect(findings(clean)).toEqual([]);
    expect(clean.verified).toBe(true);
  });
});

describe("with the ledger", () => {
  it("a rewritten entry is found, also when the tree and the checkpoint are made anew with the ledger's key", async () => {
    const { checkpoint, entries } = await download(system);
    const index = entries.findIndex((entry) => entry.includes('"step-applied"'));
    const rewritten = entries.with(index, entries[index]!.replace('"replayed":false', '"replayed":true'));
    expect(rewritten[index]).not.toBe(entries[index]);
    expect(findings(await verify(system, { checkpoint, entries: rewritten }))).toContain("proof-invalid");

    const { checkpointOf } = await import("../support/record.ts");
    const resigned = await checkpointOf(rewritten, system.workerKeys.checkpointKey, "countersign.local/dev");
    const codes = findings(await verify(system, { checkpoint: resigned, entries: rewritten }));
    expect(
      codes.some(
        (found) => found === "prev-mismatch" || found === "statement-mismatch" || found === "checkpoint-inconsistent",
      ),
    ).toBe(true);
  });

  it("a record without its newest part is found by asking the executors", async () => {
    const { entries } = await download(system);
    const { checkpointOf } = await import("../support/record.ts");
    const shorter = entries.slice(0, -6);
    const signed = await checkpointOf(shorter, system.workerKeys.checkpointKey, "countersign.local/dev");
    const witnesses = (await system.call(keys.auditor, "/v1/ledger/witnesses")).body.witnesses.map((witness: any) => ({
      ...witness,
      consistency: null,
    }));
    const report = await verify(system, { checkpoint: signed, entries: shorter }, { witnesses });
    expect(report.verified).toBe(false);
  });

  it("a ledger that was rewound is refused by the executors that saw more, and they take no new tasks", async () => {
    const intent = (key: string) =>
      system.call(keys.app, "/v1/intents", {
        body: { automation: "notes", input: { text: key }, idempotencyKey: key },
        headers: { prefer: "wait=5" },
      });
    for (let i = 0; i < 8; i++) await intent(`before-${i}`);
    await download(system);
    const [head] = await system.sql("LEDGER_DB", "SELECT max(seq) AS seq FROM batches WHERE tenant = 'dev'");
    const keep = Number(head!["seq"]) - 3;
    const [kept] = await system.sql("LEDGER_DB", "SELECT size FROM batches WHERE tenant = 'dev' AND seq = ?", keep);
    await system.sql("LEDGER_DB", "DELETE FROM batches WHERE tenant = 'dev' AND seq > ?", keep);
    await system.sql("LEDGER_DB", "DELETE FROM entries WHERE tenant = 'dev' AND idx >= ?", Number(kept!["size"]));
    await system.harness.getWorker("countersign-ledger").evictDurableObject("SEQUENCER", { name: "dev" });
    await until(
      async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => intent(`after-${i}-${Date.now()}`)));
        return answers.map((answer) => answer.body.code).filter(Boolean);
      },
      (codes) =>
        codes.some((found) => found === "checkpoint-inconsistent" || found === "chain-gap" || found === "chain-fork"),
    );
    const alarms = (await system.call(keys.auditor, "/v1/ledger/witnesses")).body.witnesses.flatMap(
      (witness: any) => witness.alarms,
    );
    expect(alarms.length).toBeGreaterThan(0);
  });
});

it("no key of one plane is a key of another", () => {
  const { proposalKey, receiptKey, checkpointKey } = system.workerKeys;
  expect(new Set([proposalKey, receiptKey, checkpointKey, system.tenants["dev"]!.rootKey].map(keyId)).size).toBe(4);
});
