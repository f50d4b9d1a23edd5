/** A release for these tests: one capability with a personal argument, one rule that denies, one that allows. */
import { canonicalize } from "../../../shared/canonical.ts";
import { releaseDigest } from "../../../shared/compiled-release.ts";
import { importSigner, publicPart, type Signer } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Promotion, ReleaseBundle, SignedPromotion } from "../../../shared/release.ts";
import { signEnvelope } from "../../../shared/signing.ts";
import { acme, as, send } from "./world.ts";
import type { TenantKeys } from "../../../scripts/lib/keys.ts";

export { bundleOf } from "./bundle.ts";

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
