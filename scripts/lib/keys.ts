/**
 * Fresh keys for a set of tenants: what each Worker gets as a secret, the trust configuration that names the public parts,
 * and what people and programs of a tenant hold. Used by `npm start`, the tests and the first deployment; nothing here is stored.
 */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";

export type PublicKey = { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
export type PrivateKey = PublicKey & { readonly d: string };

export const API_ROLES = ["app", "agent", "approver", "operator", "auditor", "admin"] as const;
export type ApiRole = (typeof API_ROLES)[number];

/** Someone with a key of their own. */
export type Person = { readonly member: string; readonly key: PrivateKey };

/** What belongs to one tenant. Everything in it is secret. */
export type TenantKeys = {
  readonly tenant: string;
  readonly regions: readonly string[];
  readonly shards: number;
  readonly apiKeys: { readonly [role in ApiRole]: string };
  readonly rootKey: PrivateKey;
  readonly approver: Person;
  readonly admin: Person;
};

/** What the three Workers hold. `trust` is public and has the shape of shared/trust.ts. */
export type WorkerKeys = {
  readonly proposalKey: PrivateKey;
  readonly receiptKey: PrivateKey;
  readonly checkpointKey: PrivateKey;
  /** 32 bytes, base64url. */
  readonly taskIdSecret: string;
  /** Where the keys of a plane stand while they are replaced, and the public parts of those before (scripts/lib/rotation.ts). */
  readonly rotation?: Rotation;
  /** Named credentials for outside systems (executors/credentials/config.ts), by name. None where absent. */
  readonly credentials?: { readonly [name: string]: unknown };
};

export type Plane = "proposal" | "receipt" | "checkpoint";
export type Rotation = {
  /** Believed already, signs nothing yet. */
  readonly next?: { readonly [plane in Plane]?: PrivateKey };
  /** Believed still, signs no more; a checkpoint key signs beside the new one. */
  readonly previous?: { readonly [plane in Plane]?: PrivateKey };
  readonly retired?: { readonly [plane in Plane]?: readonly PublicKey[] };
  /** When a key was brought in, and when it began to sign (Unix ms), by key id. */
  readonly since?: { readonly [kid: string]: number };
  readonly signsSince?: { readonly [kid: string]: number };
};

export type TenantShape = { readonly regions?: readonly string[]; readonly shards?: number };

export function newPrivateKey(): PrivateKey {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { kty: "OKP", crv: "Ed25519", x: x!, d: d! };
}

export const publicPart = (key: PublicKey): PublicKey => ({ kty: "OKP", crv: "Ed25519", x: key.x });

/** `cs_<role>_` and 32 random bytes: the prefix lets a scanner recognise a leaked key and a person see its role. */
export const newApiKey = (role: ApiRole): string => `cs_${role}_${randomBytes(32).toString("base64url")}`;

/** What the control database stores of an API key: SHA-256, hex. The key has 256 random bits, so it needs no slow hash. */
export const apiKeyHash = (key: string): string => createHash("sha256").update(key).digest("hex");

export const newTenantKeys = (tenant: string, shape: TenantShape = {}): TenantKeys => ({
  tenant,
  regions: shape.regions ?? ["eu", "us"],
  shards: shape.shards ?? 4,
  apiKeys: Object.fromEntries(API_ROLES.map((role) => [role, newApiKey(role)])) as TenantKeys["apiKeys"],
  rootKey: newPrivateKey(),
  approver: { member: "ada", key: newPrivateKey() },
  admin: { member: "grace", key: newPrivateKey() },
});

export const newWorkerKeys = (): WorkerKeys => ({
  proposalKey: newPrivateKey(),
  receiptKey: newPrivateKey(),
  checkpointKey: newPrivateKey(),
  taskIdSecret: randomBytes(32).toString("base64url"),
});

/** The key that signs first, then the next one or the one before. */
const believed = (keys: WorkerKeys, plane: Plane): PublicKey[] =>
  [keys[`${plane}Key`], keys.rotation?.next?.[plane], keys.rotation?.previous?.[plane]]
    .filter((key) => key !== undefined)
    .map(publicPart);

function retiredOf({ rotation }: WorkerKeys) {
  if (rotation?.retired === undefined) return {};
  const { proposal = [], receipt = [], checkpoint = [] } = rotation.retired;
  return { retired: { proposalKeys: [...proposal], receiptKeys: [...receipt], checkpointKeys: [...checkpoint] } };
}

/** The trust configuration over these keys (shared/trust.ts): public parts only. */
export const trustOf = (keys: WorkerKeys, tenants: readonly TenantKeys[], logOrigin = "countersign.local") => ({
  proposalKeys: believed(keys, "proposal"),
  receiptKeys: believed(keys, "receipt"),
  checkpointKeys: believed(keys, "checkpoint"),
  ...retiredOf(keys),
  ...(keys.rotation?.since === undefined ? {} : { since: keys.rotation.since }),
  logOrigin,
  tenants: Object.fromEntries(
    tenants.map(({ tenant, rootKey, regions, shards }) => [tenant, { rootKey: publicPart(rootKey), regions, shards }]),
  ),
});
export type TrustConfig = ReturnType<typeof trustOf>;

/** While a checkpoint key is replaced both sign: whoever knows only the one before can follow. */
const checkpointKeys = ({ checkpointKey, rotation }: WorkerKeys): PrivateKey | readonly PrivateKey[] =>
  rotation?.previous?.checkpoint === undefined ? checkpointKey : [checkpointKey, rotation.previous.checkpoint];

/** Each Worker's own values, by the Worker's name: only what it may hold. */
export const secretsOf = (keys: WorkerKeys): { readonly [worker: string]: { readonly [name: string]: string } } => ({
  countersign: {
    PROPOSAL_KEY: JSON.stringify(keys.proposalKey),
    TASK_ID_SECRET: keys.taskIdSecret,
  },
  "countersign-executors": {
    RECEIPT_KEY: JSON.stringify(keys.receiptKey),
    // `.dev.vars` puts values between apostrophes.
    CREDENTIALS: JSON.stringify(keys.credentials ?? {}).replaceAll("'", String.raw`\u0027`),
  },
  "countersign-ledger": { CHECKPOINT_KEY: JSON.stringify(checkpointKeys(keys)) },
});

/** Workers that hold the trust configuration: two check signatures with it; the intent-manager shows it and relies on none of it. */
export const TRUSTING_WORKERS: readonly string[] = ["countersign", "countersign-executors", "countersign-ledger"];
