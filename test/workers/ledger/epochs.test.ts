import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { utf8 } from "../../../shared/bytes.ts";
import type { SignedEpoch } from "../../../shared/epoch.ts";
import { generateKeyPair, importSigner, type Signer } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { signEnvelope, type Envelope } from "../../../shared/signing.ts";
import { testKeys } from "../keys.ts";
import { archive, grow, keeping, kept, logOf, objects, snapshot } from "./outside-world.ts";
import { chainOf, checkLog, expectRefused, ledger, valueOf } from "./world.ts";

type Admin = { readonly signer: Signer; readonly chain: Envelope[] };

/** The root key, and an admin whom it enrolled. */
async function people(tenant: string): Promise<[Admin, Admin]> {
  const keys = testKeys.spare.find((one) => one.tenant === tenant)!;
  const root = await importSigner(keys.rootKey);
  const { kid, privateKey, publicJwk } = await generateKeyPair({ extractable: true });
  const payload = {
    version: 1,
    tenant,
    member: "grace",
    key: publicJwk,
    roles: ["admin"],
    notBeforeMs: 0,
    expiresMs: Date.now() + 86_400_000,
  };
  const enrolment = await signEnvelope({ payloadType: PAYLOAD_TYPES.enrolment, payload, signers: [root] });
  return [
    { signer: root, chain: [] },
    { signer: { kid, privateKey }, chain: [enrolment] },
  ];
}

async function epochOf(tenant: string, old: string, next: string, by: readonly Admin[]): Promise<SignedEpoch> {
  const nowMs = Date.now();
  const payload = {
    version: 1,
    tenant,
    epoch: `epo_${"b".repeat(26)}`,
    old,
    new: next,
    reason: "restored",
    atMs: nowMs,
    expiresMs: nowMs + 60_000,
  };
  const signers = by.map(({ signer }) => signer);
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.epoch, payload, signers });
  return { envelope, chains: by.map(({ chain }) => chain) };
}

it("an epoch settles the alarms of a rewound database, and the archive goes on under names of its own", async () => {
  const { tenant, chain } = await logOf(300);
  const by = await people(tenant);
  await keeping(tenant, { hotEntries: 0 });
  await kept(tenant); // the first bundle is in the archive alone
  const rewind = await snapshot(tenant);
  await grow(chain, 300);
  await env.LEDGER_DB.prepare("UPDATE published SET at_ms = 1 WHERE tenant = ?").bind(tenant).run();
  await keeping(tenant, {});
  expect((await kept(tenant)).archive.entries).toBe(512);
  const lost = valueOf(await ledger.checkpoint(tenant));
  await rewind();
  const other = chainOf(`${tenant}/us/0`);
  await grow(other, 20);
  await env.LEDGER_DB.prepare("UPDATE published SET at_ms = 1 WHERE tenant = ?").bind(tenant).run();
  expect((await kept(tenant)).alarms).toMatchObject([{ code: "checkpoint-inconsistent" }]);

  const next = valueOf(await ledger.checkpoint(tenant));
  expectRefused(await ledger.epoch(tenant, await epochOf(tenant, lost, next, by.slice(0, 1))), "epoch-unsigned");
  expectRefused(await ledger.epoch(tenant, await epochOf(tenant, lost, lost, by)), "checkpoint-inconsistent");
  const signed = await epochOf(tenant, lost, next, by);
  const written = valueOf(await ledger.epoch(tenant, signed));
  expect(written).toMatchObject({ number: 1, index: 321 });
  expect(valueOf(await ledger.epoch(tenant, signed))).toEqual(written);

  // The executor delivers again what the restored log has lost.
  expect(expectRefused(await ledger.append(await chain.cut(301, 599)), "chain-gap")).toEqual({ cursor: 299 });
  valueOf(await ledger.append(await chain.cut(300, 599)));
  const state = await kept(tenant);
  expect(state).toMatchObject({ alarms: [], archive: { entries: 512, onlyThere: 256 } });
  expect(state.epochs).toMatchObject([{ number: 1, index: 321, oldSize: 601, newSize: 321 }]);
  expect(await objects(`${tenant}/epochs/1/tile/`)).toEqual([
    `${tenant}/epochs/1/tile/0/001`,
    `${tenant}/epochs/1/tile/entries/001`,
  ]);
  expect(await objects(`${tenant}/epochs/1/checkpoints/`)).toHaveLength(1);
  const old = await archive.get(`${tenant}/tile/0/001`);
  expect(new Uint8Array(await old!.arrayBuffer())).not.toEqual(valueOf(await ledger.tile(tenant, "tile/0/001")));
  await checkLog(tenant);
  const entry = valueOf(await ledger.entries({ tenant, from: 321, limit: 1 })).entries[0]!;
  expect(utf8(entry.body).length).toBeLessThan(65_535);
  expect(JSON.parse(entry.body)).toMatchObject({ type: "countersign.log.epoch.v1", source: `/log/${tenant}` });
});
