/** Attacks with promotions, restores and revocations, and by a ledger that lies. */
import { logKeysOf } from "../../../executors/config.ts";
import { revokeKey } from "../../../executors/stopping.ts";
import { migrate } from "../../../executors/storage.ts";
import { Outbox, type SeenCheckpoint } from "../../../executors/outbox.ts";
import { GENESIS, seal, type Journal } from "../../../executors/journal.ts";
import { Trusted, type ExecutorChange } from "../../../executors/trusted.ts";
import { fromBase64Url, toBase64, utf8 } from "../../../shared/bytes.ts";
import type { Restore } from "../../../shared/events.ts";
import { importSigner, keyId, signEd25519 } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Promotion, ReleaseDelivery } from "../../../shared/release.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { AppendAnswer } from "../../../shared/rpc/ledger.ts";
import { signCheckpoint } from "../../../shared/tlog/checkpoint.ts";
import { noteVerifier } from "../../../shared/tlog/note.ts";
import { consistencyProof, hashAtLeaves, leafHash, rootOf } from "../../../shared/tlog/tree.ts";
import { newPrivateKey, publicPart } from "../../../scripts/lib/keys.ts";
import { HOUR_MS, promote, release, sign } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";
import { contracts, Desk, keys, memoryStorage, must, person, TENANT, type Person } from "./shard.ts";

const old = release(contracts);
const newer = release(contracts, { summary: "Three other notes." });
const clerk = await person("carl", ["clerk"]);
const operator = await person("olga", ["operator"]);
const admin = await person("grace", ["admin"]);

/** What an object trusts, and how its rounds write. */
class Office {
  readonly #storage = memoryStorage();
  readonly trusted: Trusted;
  constructor() {
    migrate(this.#storage);
    this.trusted = new Trusted(this.#storage.sql, { tenant: TENANT, rootKey: publicPart(keys.root) });
  }
  write<T>(change: Result<ExecutorChange<T>>): string {
    if (change.ok) change.value.write(this.#storage.sql);
    return codeOf(change);
  }
  async learn(delivery: ReleaseDelivery): Promise<string> {
    const checked = await this.trusted.checkDelivery(delivery, Date.now());
    return checked.ok ? this.write(this.trusted.learn(checked.value)) : codeOf(checked);
  }
  stop(stop: string): string {
    const command = { kind: "automation", mode: "stop-all", target: "notes", stop, by: "ada", reason: "" } as const;
    return this.write(this.trusted.stop(command, Date.now()));
  }
  async restore(by: Person, stop: string, change: Partial<Restore> = {}): Promise<string> {
    const restore: Restore = {
      version: 1,
      tenant: TENANT,
      kind: "automation",
      target: "notes",
      stop,
      atMs: Date.now(),
      expiresMs: Date.now() + HOUR_MS,
      ...change,
    };
    const signed = { envelope: await sign(by.key, PAYLOAD_TYPES.restore, restore), chain: by.chain };
    const checked = await this.trusted.checkRestore(signed, Date.now());
    return checked.ok ? this.write(this.trusted.lift(checked.value, signed)) : codeOf(checked);
  }
}
const [STOP, LATER_STOP] = [`stp_${"a".repeat(26)}`, `stp_${"b".repeat(26)}`];

const promoted =
  (change: Partial<Promotion>, serial = 1) =>
  async () =>
    new Office().learn(await promote(keys.root, TENANT, old, serial, change));
const promotedBy = async (by: Person) => {
  const { bundle, promotion } = await promote(by.key, TENANT, old);
  return new Office().learn({ bundle, promotion: { ...promotion, chain: [...by.chain] } });
};
const restored =
  (by: Person, change: Partial<Restore> = {}) =>
  async () => {
    const office = new Office();
    office.stop(STOP);
    return office.restore(by, STOP, change);
  };

const ORIGIN = "countersign.local/acme";
const logKey = newPrivateKey();
const configOfLog = {
  trust: { checkpointKeys: [publicPart(logKey)], logOrigin: ORIGIN.slice(0, -TENANT.length - 1) },
};
type Told = {
  readonly leaves: readonly Uint8Array[];
  readonly cursor: number;
  readonly extensions?: readonly string[];
};
/** An executor with two records that delivers them one after another to a ledger that answers as told; how that ended. */
async function delivers(answers: readonly Told[], revoked: readonly string[] = []): Promise<string> {
  const head = { ...GENESIS };
  const rows: ReturnType<typeof seal>[] = [];
  const state: { seen: SeenCheckpoint | null; alarm: string | null; delivered: number } = {
    seen: null,
    alarm: null,
    delivered: 0,
  };
  const journal = {
    get head() {
      return head;
    },
    get delivered() {
      return state.delivered;
    },
    get undelivered() {
      return Math.max(0, head.seq - state.delivered);
    },
    after: (seq: number) => rows.filter((row) => row.seq > seq),
    markDelivered: (seq: number) => (state.delivered = seq),
  } as unknown as Journal;
  const log = noteVerifier(ORIGIN, fromBase64Url(logKey.x)!);
  const signer = await importSigner(logKey);
  let told = answers[0]!;
  const append = async ({ seenSize }: { seenSize: number }): Promise<Result<AppendAnswer>> => {
    const { leaves, cursor, extensions = [] } = told;
    const checkpoint = await signCheckpoint(
      { origin: ORIGIN, size: leaves.length, root: rootOf(leaves), extensions },
      { ...log, sign: (message) => signEd25519(signer.privateKey, message) },
    );
    const proof = seenSize === 0 ? [] : consistencyProof(seenSize, leaves.length, hashAtLeaves(leaves));
    return ok({ cursor, checkpoint, consistency: proof.map(toBase64) });
  };
  const outbox = new Outbox({
    tenant: TENANT,
    executor: `${TENANT}/eu/0`,
    journal,
    ledger: { append: append as never },
    signer: () => importSigner(keys.receipt),
    logKeys: () => logKeysOf(configOfLog, TENANT, new Set(revoked)),
    seen: () => state.seen,
    remember: (checkpoint) => (state.seen = checkpoint),
    mayRefill: () => false,
    alarm: (why) => (state.alarm ??= why.code),
    delivered: () => {},
    nowMs: () => Date.now(),
    pause: () => Promise.resolve(),
  });
  for (told of answers) {
    const record = seal(`${TENANT}/eu/0`, head, Date.now(), null, [{ type: "checkpoint-seen", note: "x" }], null);
    rows.push(record);
    Object.assign(head, { seq: record.seq, hash: record.hash });
    await outbox.nudge();
  }
  return state.alarm ?? outbox.trouble.why ?? "ok";
}
const leaves = (...texts: string[]) => texts.map((text) => leafHash(utf8(text)));

export const trust: Suite = {
  honest: [
    promoted({}),
    () => promotedBy(operator),
    restored(admin),
    () =>
      delivers([
        { leaves: leaves("a", "b"), cursor: 1 },
        { leaves: leaves("a", "b", "c"), cursor: 2 },
      ]),
  ],
  attacks: attacks({
    "promotion-signer": () => promotedBy(clerk),
    "promotion-tenant": promoted({ tenant: "other" }),
    "promotion-begun": promoted({ atMs: Date.now() + HOUR_MS }),
    "promotion-not-over": promoted({ expiresMs: Date.now() - 1 }),
    "promotion-bundle": async () => {
      const { promotion } = await promote(keys.root, TENANT, old);
      return new Office().learn({ promotion, bundle: newer.text });
    },
    "promotion-automation": promoted({ automation: "refunds" }),
    "promotion-serial": async () => {
      const office = new Office();
      await office.learn(await promote(keys.root, TENANT, newer, 2));
      return office.learn(await promote(keys.root, TENANT, old, 1));
    },
    "promotion-step": promoted({}, 9_000_000),
    "release-promoted": async () => {
      const office = new Office();
      await office.learn(await promote(keys.root, TENANT, old, 1));
      await office.learn(await promote(keys.root, TENANT, newer, 2));
      return codeOf(office.trusted.inForce("notes", old.digest, Date.now()));
    },
    "release-in-force": async () => {
      const office = new Office();
      await office.learn(await promote(keys.root, TENANT, old, 1));
      return codeOf(office.trusted.inForce("notes", old.digest, Date.now() + 48 * HOUR_MS));
    },
    "signer-not-revoked promotion": async () => {
      const office = new Office();
      const { bundle, promotion } = await promote(operator.key, TENANT, old);
      const delivery = { bundle, promotion: { ...promotion, chain: [...operator.chain] } };
      const checked = must(await office.trusted.checkDelivery(delivery, Date.now()));
      // Between the check and the round that records it, the key is revoked.
      office.trusted.revoke({ kid: keyId(operator.key), by: "ada", reason: "stolen" }, Date.now());
      return office.write(office.trusted.learn(checked));
    },
    "restore-signer": restored(operator),
    "restore-tenant": restored(admin, { tenant: "other" }),
    "restore-not-over": restored(admin, { expiresMs: Date.now() - 1 }),
    "restore-of-stop": async () => {
      const office = new Office();
      office.stop(LATER_STOP);
      return office.restore(admin, STOP);
    },
    "stop-id-new": async () => {
      const office = new Office();
      office.stop(STOP);
      await office.restore(admin, STOP);
      return office.stop(STOP);
    },
    "root-not-revoked": async () => {
      const { shard } = await Desk.open({});
      return codeOf(await revokeKey(shard, { kid: keyId(keys.root), by: "mallory", reason: "lock them out" }));
    },
    "signing-key-not-revoked": async () => {
      const { shard } = await Desk.open({});
      return codeOf(await revokeKey(shard, { kid: keyId(keys.receipt), by: "mallory", reason: "spoil the chain" }));
    },
    "checkpoint-signer-not-revoked": () => delivers([{ leaves: leaves("a"), cursor: 1 }], [keyId(logKey)]),
    "checkpoint-consistent": () =>
      delivers([
        { leaves: leaves("a", "b"), cursor: 1 },
        { leaves: leaves("a", "other", "c"), cursor: 2 },
      ]),
    "cursor-not-ahead": () => delivers([{ leaves: leaves("a", "b"), cursor: 7 }]),
    "checkpoint-size": () => delivers([{ leaves: leaves("a"), cursor: 1, extensions: ["x".repeat(3_000)] }]),
  }),
};
