/** Keys of the planes that were replaced or stolen: a signature counts up to the place where its executor's chain revokes the key, and not after. */
import { describe, expect, it } from "vitest";
import { newPrivateKey, publicPart, type PrivateKey } from "../../../scripts/lib/keys.ts";
import type { ExecutorEvent } from "../../../shared/events.ts";
import { keyId } from "../../../shared/keys.ts";
import type { Trust } from "../../../shared/trust.ts";
import { verifierTrust, verifyRecord } from "../../../shared/verify/index.ts";
import {
  admitting,
  checkpointOf,
  decision,
  EU,
  KEYS,
  learning,
  opening,
  planOf,
  TENANT,
  TestRecord,
  trustConfig,
} from "../../support/record.ts";

const [proposal, receipt, checkpoint] = [newPrivateKey(), newPrivateKey(), newPrivateKey()];
/** After a rotation of all three: the new ones are in use, those before are retired. */
const rotated: Trust = {
  ...trustConfig,
  proposalKeys: [publicPart(proposal)],
  receiptKeys: [publicPart(receipt)],
  checkpointKeys: [publicPart(checkpoint)],
  retired: {
    proposalKeys: [publicPart(KEYS.proposal)],
    receiptKeys: [publicPart(KEYS.receipt)],
    checkpointKeys: [publicPart(KEYS.checkpoint)],
  },
};

const revoking = (key: PrivateKey): ExecutorEvent => ({
  type: "key-revoked",
  kid: keyId(key),
  by: "key_admin",
  reason: "rotated",
});

type Part = (record: TestRecord) => Promise<void>;
/** Findings over what the parts write, under a trust configuration, with the newest checkpoint signed by `head`. */
async function findings(parts: readonly Part[], trust = rotated, head: readonly PrivateKey[] = [checkpoint]) {
  const record = new TestRecord();
  record.chain(EU).write(null, [await learning()]);
  for (const part of parts) await part(record);
  const input = await record.input();
  const note = await checkpointOf(record.entries, head);
  const report = await verifyRecord({ ...input, checkpoint: note, trust: verifierTrust(trust, TENANT)! });
  return report.checks.flatMap(({ findings: all }) => all.map(({ check, code }) => `${check} ${code}`));
}

const plan =
  (key: PrivateKey): Part =>
  async (record) => {
    const task = record.newTask(EU);
    const event = await admitting(planOf(task, "eu", ["one"]), { one: decision("allow") }, key);
    record.chain(EU).write(task, [opening("eu"), event]);
  };
const seen =
  (...keys: readonly PrivateKey[]): Part =>
  async (record) =>
    void record.chain(EU).write(null, [{ type: "checkpoint-seen", note: await checkpointOf(record.entries, keys) }]);
const revoke =
  (key: PrivateKey): Part =>
  async (record) =>
    void record.chain(EU).write(null, [revoking(key)]);
const deliver =
  (key: PrivateKey): Part =>
  (record) =>
    record.deliver(EU, key);

describe("a record over a rotation of all three keys", () => {
  const parts = [
    plan(KEYS.proposal),
    deliver(KEYS.receipt),
    seen(KEYS.checkpoint),
    plan(proposal),
    seen(checkpoint, KEYS.checkpoint),
    deliver(receipt),
    revoke(KEYS.proposal),
    revoke(KEYS.receipt),
    revoke(KEYS.checkpoint),
    deliver(receipt),
    plan(proposal),
    seen(checkpoint),
    deliver(receipt),
  ];

  it("verifies for whoever knows the retired keys", async () => {
    expect(await findings(parts)).toEqual([]);
  });

  it("does not for whoever was never told of the old ones", async () => {
    const { retired: _, ...unaware } = rotated;
    expect(new Set(await findings(parts, unaware))).toContain("statements key-unknown");
  });

  it("verifies for whoever knows only the keys before, as long as both sign", async () => {
    expect(
      await findings([plan(KEYS.proposal), seen(checkpoint, KEYS.checkpoint), deliver(KEYS.receipt)], trustConfig, [
        checkpoint,
        KEYS.checkpoint,
      ]),
    ).toEqual([]);
  });
});

describe("after its revocation in a chain, a key signs for nothing", () => {
  it("neither plans", async () => {
    expect(await findings([revoke(KEYS.proposal), plan(KEYS.proposal), deliver(receipt)])).toEqual([
      "plans key-revoked",
    ]);
  });

  it("nor statements: one over the revocation itself is found, one before it is not", async () => {
    expect(
      await findings([deliver(KEYS.receipt), revoke(KEYS.receipt), plan(proposal), deliver(KEYS.receipt)]),
    ).toEqual(["statements key-revoked"]);
    expect(await findings([deliver(KEYS.receipt), revoke(KEYS.receipt), plan(proposal), deliver(receipt)])).toEqual([]);
  });

  it("nor checkpoints that an executor takes, unless another key signs them too", async () => {
    const before = [plan(proposal), deliver(receipt), revoke(KEYS.checkpoint)];
    expect(await findings([...before, seen(KEYS.checkpoint), deliver(receipt)])).toEqual(["history key-revoked"]);
    expect(await findings([...before, seen(KEYS.checkpoint, checkpoint), deliver(receipt)])).toEqual([]);
  });

  it("nor the newest checkpoint, which covers the revocation", async () => {
    const parts = [plan(proposal), revoke(KEYS.checkpoint), deliver(receipt)];
    expect(await findings(parts, rotated, [KEYS.checkpoint])).toEqual(["checkpoint key-revoked"]);
    expect(await findings(parts, rotated, [checkpoint])).toEqual([]);
  });
});
