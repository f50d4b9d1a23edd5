/** All three planes get new signing keys while intents come in: none is refused, none is lost, and the record verifies over the change. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newPrivateKey, trustOf, type WorkerKeys } from "../../scripts/lib/keys.ts";
import { finish, PLANES, previousKid, publish, sign } from "../../scripts/lib/rotation.ts";
import { examineKeys } from "../../cli/doctor/keys.ts";
import { keyId } from "../../shared/keys.ts";
import { Trust } from "../../shared/trust.ts";
import { verifierTrust } from "../../shared/verify/index.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop, until } from "./people.ts";
import { download, findings, verify } from "./record.ts";

let system: Countersign;
let keys: Countersign["tenants"][string]["apiKeys"];
beforeAll(async () => {
  system = await startCountersign();
  keys = system.tenants["dev"]!.apiKeys;
  await openShop(system);
});
afterAll(() => system?.stop());

/** A client that repeats what got no answer, under the same key; an answer that refuses is kept and not repeated. */
class Traffic {
  readonly refused: string[] = [];
  readonly tasks = new Set<string>();
  sent = 0;
  #over = false;
  readonly #running = Promise.all([1, 2, 3].map(() => this.#client()));

  async #client(): Promise<void> {
    while (!this.#over) await this.#send(`rotation-${++this.sent}`);
  }

  async #send(idempotencyKey: string): Promise<void> {
    for (;;) {
      const body = { automation: "notes", input: { text: idempotencyKey }, idempotencyKey };
      const answer = await system
        .call(keys.app, "/v1/intents", { body, headers: { prefer: "wait=10" } })
        .catch(() => null);
      if (answer === null) await pause(50);
      else if (answer.body?.id === undefined && answer.body?.task === undefined)
        return void this.refused.push(`${answer.status} ${answer.body?.code}`);
      else return void this.tasks.add(answer.body.id ?? answer.body.task);
    }
  }

  /** Resolves once some more intents were answered. */
  async more(): Promise<void> {
    const before = this.tasks.size;
    await until(
      async () => this.tasks.size,
      (size) => size >= before + 10,
    );
  }

  stop(): Promise<unknown> {
    this.#over = true;
    return this.#running;
  }
}

it("the three keys rotate under traffic", async () => {
  const before = system.workerKeys;
  const traffic = new Traffic();
  await traffic.more();

  const published = PLANES.reduce<WorkerKeys>((at, plane) => publish(at, plane, newPrivateKey(), Date.now()), before);
  await system.rekey(published);
  await traffic.more();

  const signing = PLANES.reduce<WorkerKeys>((at, plane) => sign(at, plane, Date.now()), published);
  await system.rekey(signing);
  await traffic.more();
  const overlap = await download(system);
  expect(overlap.checkpoint.match(/^— /gm)).toHaveLength(2);
  // Not even its own executors take back the key that they sign with.
  const own = await system.call(keys.admin, `/v1/keys/${keyId(signing.receiptKey)}/revoke`, { body: { reason: "x" } });
  expect(own.body.incomplete).toHaveLength(8);

  for (const plane of PLANES) {
    const path = `/v1/keys/${previousKid(signing, plane)}/revoke`;
    const revoked = await system.call(keys.admin, path, { body: { reason: "rotated" } });
    expect([revoked.status, revoked.body.incomplete]).toEqual([200, []]);
  }
  const done = PLANES.reduce<WorkerKeys>(finish, signing);
  await system.rekey(done);
  await traffic.more();
  await traffic.stop();

  expect(traffic.refused).toEqual([]);
  const record = await download(system);
  expect(record.checkpoint.match(/^— /gm)).toHaveLength(1);
  const trust = verifierTrust(Trust.parse(trustOf(done, Object.values(system.tenants))), "dev")!;
  const report = await verify(system, record, { trust });
  expect(findings(report)).toEqual([]);
  expect(report.counts.tasks).toBe(traffic.tasks.size);
  expect(report.counts.settled).toBe(traffic.tasks.size);
  // Whoever knows only the keys of before follows as far as both have signed, and no further.
  expect((await verify(system, overlap)).checkpoint).not.toBeNull();
  expect((await verify(system, record)).checkpoint).toBeNull();

  const { body: shown } = await system.call(keys.admin, "/v1/trust");
  const overview = await until(
    async () => (await system.call(keys.admin, "/v1/overview")).body,
    ({ incomplete }) => incomplete.length === 0,
  );
  expect(examineKeys(shown, overview, Date.now()).map(({ check, status }) => `${check} ${status}`)).toEqual([
    "proposal key ok",
    "receipt key ok",
    "checkpoint key ok",
    "retired keys ok",
  ]);
}, 120_000);
