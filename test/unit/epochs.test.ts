/** An epoch in one executor: it lets go of the log that ended, and of no other. */
import { expect, it } from "vitest";
import { acceptEpoch } from "../../executors/epochs.ts";
import { newPrivateKey, publicPart } from "../../scripts/lib/keys.ts";
import { fromBase64Url, utf8 } from "../../shared/bytes.ts";
import { importSigner, signEd25519 } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { signEnvelope } from "../../shared/signing.ts";
import { signCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { noteVerifier } from "../../shared/tlog/note.ts";
import { leafHash, rootOf } from "../../shared/tlog/tree.ts";
import { config, Desk, must, person, TENANT } from "../support/guards/shard.ts";

const logKey = newPrivateKey();
const { privateKey } = await importSigner(logKey);
const origin = `countersign.local/${TENANT}`;
const signer = {
  ...noteVerifier(origin, fromBase64Url(publicPart(logKey).x)!),
  sign: (message: Uint8Array) => signEd25519(privateKey, message as Uint8Array<ArrayBuffer>),
};
const admins = [await person("grace", ["admin"]), await person("joan", ["admin"])];

async function headOf(...entries: string[]) {
  const size = entries.length;
  const root = rootOf(entries.map((entry) => leafHash(utf8(entry))));
  return { size, root, note: await signCheckpoint({ origin, size, root, extensions: [] }, signer) };
}

async function epochOf(old: string, next: string) {
  const payload = {
    version: 1,
    tenant: TENANT,
    epoch: `epo_${"c".repeat(26)}`,
    old,
    new: next,
    reason: "restored",
    atMs: Date.now(),
    expiresMs: Date.now() + 60_000,
  };
  const signers = await Promise.all(admins.map(({ key }) => importSigner(key)));
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.epoch, payload, signers });
  return { envelope, chains: admins.map(({ chain }) => chain) };
}

it("an executor that saw another log of the very size of the one that ended keeps its alarm: that is a fork and no restore", async () => {
  const trust = { ...config.trust, checkpointKeys: [publicPart(logKey)] };
  const { shard } = await Desk.open({}, { config: { ...config, trust } });
  const [ended, other, next] = [await headOf("a", "b", "c"), await headOf("a", "b", "x"), await headOf("a", "b")];
  shard.watch.remember(other);
  shard.watch.raise({ code: "checkpoint-inconsistent", detail: "smaller" }, Date.now());
  const refused = await acceptEpoch(shard, await epochOf(ended.note, next.note));
  expect(refused).toMatchObject({ ok: false, problem: { code: "checkpoint-inconsistent" } });
  expect([shard.watch.alarm?.problem.code, shard.watch.seen?.note]).toEqual(["checkpoint-inconsistent", other.note]);
  // The same head as was seen is let go of.
  must(await acceptEpoch(shard, await epochOf(other.note, next.note)));
  expect([shard.watch.alarm, shard.watch.seen?.note]).toEqual([null, next.note]);
});
