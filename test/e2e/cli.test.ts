/** The command line against the three Workers: a person's whole day, from an intent to the verified record. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO } from "../../scripts/demo-data.ts";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop } from "./people.ts";

let system: Countersign;
let cli: CommandLine;
beforeAll(async () => {
  system = await startCountersign();
  const dev = system.tenants["dev"]!;
  await openShop(system);
  await enrolPeople({ url: system.url, keys: dev, log: () => {} });
  cli = commandLine({ ...dev, url: system.url, trust: system.trust });
});
afterAll(async () => {
  cli?.remove();
  await system?.stop();
});

const cancel = (order: string, key: string) =>
  cli.run(
    "submit",
    "order-cancellation",
    `customerId=${DEMO.ada.customerId}`,
    `orderId=${order}`,
    "reason=no longer needed",
    "confirmed:=true",
    "--idempotency-key",
    key,
    "--wait",
    "10",
    "--json",
  );
const failed = (json: any) =>
  json.checks.filter((check: any) => check.status === "failed").flatMap((check: any) => check.findings);

describe("the command line", () => {
  it("finds everything in order", async () => {
    // No cron fires here.
    expect((await cli.run("jobs", "--run", "outboxes")).exit).toBe(0);
    const doctor = await cli.run("doctor", "--json");
    // Local Workers send no Date header.
    const others = doctor.json.lines.filter((line: any) => line.status !== "ok" && line.check !== "clock");
    expect(others).toEqual([]);
    expect([doctor.exit, doctor.json.ok]).toEqual([0, true]);
  });

  it("submits, follows, explains and lists", async () => {
    const submitted = await cancel(DEMO.ada.smallOrder, "small");
    expect([submitted.exit, submitted.json.status]).toEqual([0, "succeeded"]);
    const { task } = submitted.json;
    expect((await cancel(DEMO.ada.smallOrder, "small")).json.task).toBe(task);

    const watched = await cli.run("watch", task);
    expect(watched.exit).toBe(0);
    expect(watched.out).toMatch(/task-opened.*\n.*plan-admitted[\s\S]*step-applied[\s\S]*task-settled/);
    const events = (await cli.run("watch", task, "--json")).out
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(events.at(-1).event.type).toBe("task-settled");

    const explained = await cli.run("explain", task, "--json");
    expect(explained.json.steps.map((step: any) => step.status)).toEqual(["applied", "applied"]);
    expect((await cli.run("explain", task)).out).toContain("orders.cancel");
    expect((await cli.run("tasks", task)).out).toContain("succeeded");
    await expect
      .poll(async () => (await cli.run("tasks", "--json")).json.tasks.map((row: any) => row.task))
      .toContain(task);
  });

  it("approves what waits, with the approver's own key, and rejects with a reason", async () => {
    const large = await cancel(DEMO.ada.largeOrder, "large");
    expect(large.json.status).toBe("waiting");
    const [waiting] = (await cli.run("reviews", "--json")).json.reviews;
    expect(waiting.task).toBe(large.json.task);
    const shown = await cli.run("reviews", waiting.id);
    expect(shown.out).toContain(waiting.parts.shown.summary);
    expect(shown.out).toContain(waiting.subject);

    expect((await cli.run("approve", waiting.id)).exit).toBe(2);
    const approved = await cli.run("approve", waiting.id, "--yes", "--json");
    expect([approved.exit, approved.json.status]).toEqual([0, "approved"]);
    expect((await cli.run("watch", large.json.task)).out).toMatch(/attested.*approve by ada[\s\S]*task-settled/);
    const again = await cli.run("approve", waiting.id, "--yes", "--json");
    expect([again.exit, again.json.problem.code]).toEqual([1, "review-not-waiting"]);

    const other = await cli.run(
      "submit",
      "order-cancellation",
      `customerId=${DEMO.grace.customerId}`,
      `orderId=${DEMO.grace.largeOrder}`,
      "reason=ordered by mistake",
      "confirmed:=true",
      "--json",
    );
    const [second] = (await cli.run("reviews", "--json")).json.reviews;
    expect(second.task).toBe(other.json.task);
    expect((await cli.run("reject", second.id)).exit).toBe(2);
    const rejected = await cli.run("reject", second.id, "--reason", "the customer withdrew", "--yes", "--json");
    expect([rejected.exit, rejected.json.status]).toEqual([0, "rejected"]);
  });

  it("makes a key, enrols it, approves with it, and revokes it", async () => {
    const made = await cli.run("keys", "new", "--out", "lin.json", "--member", "lin", "--json");
    expect(made.exit).toBe(0);
    const enrolled = await cli.run("keys", "enrol", made.json.kid, "--roles", "support-lead", "--json");
    expect([enrolled.exit, enrolled.json.member]).toEqual([0, "lin"]);
    expect((await cli.run("keys", "list")).out).toContain(made.json.kid);
    const task = await cli.run(
      "submit",
      "order-cancellation",
      `customerId=${DEMO.grace.customerId}`,
      `orderId=${DEMO.grace.largeOrder}`,
      "reason=no longer needed",
      "confirmed:=true",
      "--json",
    );
    expect(task.json.status).toBe("waiting");
    const [waiting] = (await cli.run("reviews", "--json")).json.reviews;
    const approved = await cli.run("approve", waiting.id, "--yes", "--signing-key", "lin.json", "--json");
    expect(approved.json.required[0].approvedBy).toEqual(["lin"]);
    const revoked = await cli.run("keys", "revoke", made.json.kid, "--reason", "lost", "--json");
    expect([revoked.exit, revoked.json.incomplete]).toEqual([0, []]);
  });

  it("stops a capability and restores it with a signature", async () => {
    const stopped = await cli.run("revoke", "orders.cancel", "--reason", "incident", "--json");
    expect(stopped.exit).toBe(0);
    const refused = await cli.run(
      "submit",
      "order-cancellation",
      `customerId=${DEMO.grace.customerId}`,
      `orderId=${DEMO.grace.smallOrder}`,
      "reason=no longer needed",
      "confirmed:=true",
      "--json",
    );
    expect(refused.json.problem?.code ?? refused.json.status).toMatch(/stopped|failed/);
    expect((await cli.run("restore", "orders.cancel", "--json")).json.stop).toBe(stopped.json.stop);
    const now = await cli.run(
      "submit",
      "order-cancellation",
      `customerId=${DEMO.grace.customerId}`,
      `orderId=${DEMO.grace.smallOrder}`,
      "reason=no longer needed",
      "confirmed:=true",
      "--json",
    );
    expect(now.json.status).toBe("succeeded");
  });

  it("publishes a bundle and promotes it", async () => {
    const loaded = loadAutomation("notes");
    if (!loaded.ok) throw new Error(loaded.problem.detail);
    writeFileSync(
      path.join(cli.folder, "notes.json"),
      JSON.stringify({ ...loaded.value.bundle, summary: "Another summary." }),
    );
    const published = await cli.run("publish", "notes", "--bundle", "notes.json", "--json");
    expect(published.exit).toBe(0);
    const promoted = await cli.run("promote", "notes", published.json.release, "--json");
    expect([promoted.exit, promoted.json.serial]).toEqual([0, 2]);
  });

  it("verifies the record, with witnesses and completeness, and again from a folder without a network", async () => {
    const verified = await cli.run("verify", "--witnesses", "--completeness", "--out", "record", "--json");
    expect(failed(verified.json)).toEqual([]);
    expect([verified.exit, verified.json.verified]).toEqual([0, true]);
    expect(verified.json.checks.every((check: any) => check.status === "ok")).toBe(true);
    expect(verified.json.trust.from).toBe(".countersign/dev.json");

    const offline = commandLine(null, { fetch: () => Promise.reject(new Error("no network")) });
    writeFileSync(path.join(offline.folder, "trust.json"), JSON.stringify(system.trust));
    const from = [
      "verify",
      "--dir",
      path.join(cli.folder, "record"),
      "--trust",
      path.join(offline.folder, "trust.json"),
      "--json",
    ];
    const again = await offline.run(...from);
    expect([again.exit, again.json.counts]).toEqual([0, verified.json.counts]);

    const page = path.join(offline.folder, "all.html");
    const period = ["--from", "2020-01-01", "--to", "2100-01-01", "--dir", path.join(cli.folder, "record")];
    const trust = ["--trust", path.join(offline.folder, "trust.json"), "--json"];
    const evidence = await offline.run("evidence", ...period, "--out", page, ...trust);
    expect([evidence.exit, evidence.json?.failed]).toEqual([0, []]);
    expect(evidence.json.tasks.length).toBe(verified.json.counts.tasks);
    expect((await offline.run("verify", "--evidence", page, ...trust)).exit).toBe(0);

    const file = path.join(cli.folder, "record", "entries.jsonl");
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const tampered = await offline.run(...from);
    expect([tampered.exit, tampered.json.verified]).toEqual([3, false]);
    offline.remove();
  });

  it("names an effect that nobody proposed", async () => {
    await system.sql(
      "BUSINESS_EU",
      "INSERT INTO countersign_effects (tenant, action, task, step, capability, nonce, status, result, at_ms) VALUES ('dev', 'act_forged', 'tsk_forged', 'one', 'orders.cancel', 'n', 'applied', '{}', 1)",
    );
    const verified = await cli.run("verify", "--completeness", "--json");
    expect(verified.exit).toBe(3);
    expect(failed(verified.json).map((finding: any) => [finding.code, finding.where.task])).toEqual([
      ["effect-unproposed", "tsk_forged"],
    ]);
  });

  it("trusts the server on first use only where that is asked for, and then notices other keys", async () => {
    const stranger = commandLine(null, {
      env: { COUNTERSIGN_KEY: system.tenants["dev"]!.apiKeys.auditor, COUNTERSIGN_URL: system.url },
    });
    expect((await stranger.run("verify")).exit).toBe(2);
    const first = await stranger.run("verify", "--trust-on-first-use");
    expect([first.exit, first.err]).toEqual([0, expect.stringContaining("TRUST ON FIRST USE")]);
    const pinned = path.join(stranger.folder, ".countersign", "trust.json");
    const trust = JSON.parse(readFileSync(pinned, "utf8"));
    writeFileSync(pinned, JSON.stringify({ ...trust, checkpointKeys: trust.receiptKeys }));
    expect((await stranger.run("verify", "--trust-on-first-use")).exit).toBe(3);
    stranger.remove();
  });
});
