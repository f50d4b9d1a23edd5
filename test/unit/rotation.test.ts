/** How the Workers' keys change while one is replaced: what each holds after every step. */
import { describe, expect, it } from "vitest";
import { newPrivateKey, newTenantKeys, newWorkerKeys, publicPart, secretsOf, trustOf } from "../../scripts/lib/keys.ts";
import { finish, finishFromMs, phaseOf, PLANES, publish, RotationFailure, sign } from "../../scripts/lib/rotation.ts";
import { configOf } from "../../ledger/config.ts";
import { keyId } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { Trust } from "../../shared/trust.ts";

const tenants = [newTenantKeys("dev")];
const NOW_MS = 1_800_000_000_000;

describe.each(PLANES)("the %s key", (plane) => {
  const keys = newWorkerKeys();
  const next = newPrivateKey();
  const old = publicPart(keys[`${plane}Key`]);
  const published = publish(keys, plane, next, NOW_MS);
  const signing = sign(published, plane, NOW_MS + 1);
  const done = finish(signing, plane);
  const trusted = (of: typeof keys) => Trust.parse(trustOf(of, tenants))[`${plane}Keys`];

  it("is believed before it signs, and the one before as long as what it signed may arrive", () => {
    expect(trusted(keys)).toEqual([old]);
    expect(trusted(published)).toEqual([old, publicPart(next)]);
    expect(published[`${plane}Key`]).toEqual(keys[`${plane}Key`]);
    expect(trusted(signing)).toEqual([publicPart(next), old]);
    expect(signing[`${plane}Key`]).toEqual(next);
    expect(trusted(done)).toEqual([publicPart(next)]);
    expect([keys, published, signing, done].map((of) => phaseOf(of, plane))).toEqual([
      "at-rest",
      "published",
      "signing",
      "at-rest",
    ]);
  });

  it("leaves its public part to verifiers, and its private part nowhere", () => {
    expect(Trust.parse(trustOf(done, tenants)).retired?.[`${plane}Keys`]).toEqual([old]);
    expect(JSON.stringify(done)).not.toContain(keys[`${plane}Key`].d);
    expect(JSON.stringify(trustOf(signing, tenants))).not.toContain(next.d);
  });

  it("may be taken back once nothing that it signed can still arrive", () => {
    const waitMs = (plane === "proposal" ? LIMITS.planLifetimeMs : 0) + LIMITS.clockSkewMs;
    expect(finishFromMs(signing, plane)).toBe(NOW_MS + 1 + waitMs);
  });

  it("is replaced one at a time, and in this order", () => {
    expect(() => publish(published, plane, newPrivateKey(), NOW_MS)).toThrow(RotationFailure);
    expect(() => publish(signing, plane, newPrivateKey(), NOW_MS)).toThrow(RotationFailure);
    expect(() => sign(keys, plane, NOW_MS)).toThrow(RotationFailure);
    expect(() => finish(published, plane)).toThrow(RotationFailure);
    expect(phaseOf(publish(done, plane, newPrivateKey(), NOW_MS), plane)).toBe("published");
  });
});

it("fits a Worker's variable with every retired key there may be", () => {
  let keys = newWorkerKeys();
  for (let i = 0; i < LIMITS.retiredKeys + 2; i++)
    for (const plane of PLANES)
      keys = finish(sign(publish(keys, plane, newPrivateKey(), NOW_MS), plane, NOW_MS), plane);
  for (const plane of PLANES) keys = sign(publish(keys, plane, newPrivateKey(), NOW_MS), plane, NOW_MS);
  expect(JSON.stringify(trustOf(keys, tenants)).length).toBeLessThan(5_000);
});

it("the ledger signs with both checkpoint keys while one is replaced, and with none that is not believed", async () => {
  const signing = sign(publish(newWorkerKeys(), "checkpoint", newPrivateKey(), NOW_MS), "checkpoint", NOW_MS);
  const settings = (of: typeof signing, trusting: typeof signing) => ({
    TRUST: JSON.stringify(trustOf(trusting, tenants)),
    CHECKPOINT_KEY: secretsOf(of)["countersign-ledger"]!["CHECKPOINT_KEY"]!,
  });
  const config = await configOf(settings(signing, signing));
  expect(config).toMatchObject({
    ok: true,
    value: { signing: [signing.checkpointKey, signing.rotation!.previous!.checkpoint!].map(keyId) },
  });
  expect(await configOf(settings(signing, newWorkerKeys()))).toMatchObject({ problem: { code: "not-running" } });
});
