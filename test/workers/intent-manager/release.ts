/** A release for these tests: one capability with a personal argument, one rule that denies, one that allows. */
import { canonicalize } from "../../../shared/canonical.ts";
import { releaseDigest } from "../../../shared/compiled-release.ts";
import { importSigner, publicPart, type Signer } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Promotion, ReleaseBundle, SignedPromotion } from "../../../shared/release.ts";
import { signEnvelope } from "../../../shared/signing.ts";
import { acme, as, send } from "./world.ts";
import type { TenantKeys } from "../../../scripts/lib/keys.ts";

export const bundleOf = (automation: string, more: Partial<ReleaseBundle> = {}): ReleaseBundle => ({
  version: 1,
  automation,
  summary: "Sends a message.",
  owner: "tests",
  tier: 3,
  planner: "playbook",
  region: { rule: "hash", field: "/customer", among: ["eu", "us"] },
  input: {
    type: "object",
    additionalProperties: false,
    required: ["customer", "email"],
    properties: {
      customer: { type: "string", maxLength: 50, "x-origin": "principal" },
      email: { type: "string", maxLength: 50, "x-origin": "principal", "x-subject": "customer" },
    },
  },
  playbook: {
    version: 1,
    steps: [{ id: "send", capability: "mail.send", args: { to: { $cel: "intent.input.email" }, topic: "hello" } }],
  },
  policy: {
    default: "deny",
    rules: [
      { id: "known", when: 'capability.name == "mail.send" && args.topic == "hello"', then: "allow" },
      { id: "no-spam", when: 'capability.name == "mail.send" && args.topic == "spam"', then: "deny" },
    ],
  },
  capabilities: {
    "mail.send": {
      name: "mail.send",
      version: "1.0.0",
      summary: "Sends a message.",
      input: {
        type: "object",
        additionalProperties: false,
        required: ["to", "topic"],
        properties: {
          to: { type: "string", maxLength: 100, "x-subject": "customer" },
          topic: { type: "string", maxLength: 50 },
        },
      },
      output: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: { id: { type: "string", maxLength: 50 } },
      },
      risk: "low",
      effect: "write",
      reversible: false,
      delivery: "exactly-once",
      roles: { destination: ["to"] },
      tags: [],
    },
  },
  deadlines: { taskMs: 60_000, reviewMs: 60_000 },
  ...more,
});

export const digestOfBundle = (bundle: ReleaseBundle): string => releaseDigest(canonicalize(bundle));
export const rootOf = (tenant: TenantKeys): Promise<Signer> =>
  importSigner({ ...publicPart(tenant.rootKey), d: tenant.rootKey.d });

export async function signPromotion(
  release: string,
  automation: string,
  serial: number,
  more: Partial<Promotion> = {},
  signer?: Signer,
): Promise<SignedPromotion> {
  const atMs = Date.now();
  const payload: Promotion = {
    version: 1,
    tenant: "acme",
    automation,
    release,
    serial,
    atMs,
    expiresMs: atMs + 3_600_000,
    ...more,
  };
  return {
    envelope: await signEnvelope({
      payloadType: PAYLOAD_TYPES.promotion,
      payload,
      signers: [signer ?? (await rootOf(acme))],
    }),
    chain: [],
  };
}

/** Creates, publishes and promotes; answers with the digest. */
export async function release(bundle: ReleaseBundle, serial = 1): Promise<string> {
  const { automation } = bundle;
  await send(as("operator"), `/v1/automations/${automation}`, { method: "PUT", body: {} });
  const published = await send(as("operator"), `/v1/automations/${automation}/releases`, { body: { bundle } });
  if (published.status !== 201) throw new Error(JSON.stringify(published.body));
  const digest = published.body.release as string;
  const promoted = await send(
    as("operator"),
    `/v1/automations/${automation}/releases/${encodeURIComponent(digest)}/promote`,
    {
      body: await signPromotion(digest, automation, serial),
    },
  );
  if (promoted.status !== 200) throw new Error(JSON.stringify(promoted.body));
  return digest;
}
