/**
 * Publishes and promotes every automation of automations/ through the public interface. Promotions are signed with the development
 * root key. What is already in force stays untouched, so repeating it is harmless.
 */
import { createClient, type Client, type Fetch } from "../shared/client.ts";
import { importSigner, type PrivateJwk } from "../shared/keys.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import type { Problem } from "../shared/problems.ts";
import type { Promotion } from "../shared/release.ts";
import type { Result } from "../shared/result.ts";
import { signEnvelope } from "../shared/signing.ts";
import {
  automationNames,
  incompleteFolders,
  loadAutomation,
  type LoadedAutomation,
  type LoadOptions,
} from "./load-automation.ts";

export type PublishOptions = {
  /** Where the public Worker answers. */
  readonly url: string;
  /** The part of `.countersign/dev.json` that publishing needs. */
  readonly dev: {
    readonly tenant: string;
    readonly rootKey: PrivateJwk;
    readonly apiKeys: { readonly operator: string };
  };
  readonly log: (line: string) => void;
  /** Another folder of automations, or other contracts, than the shipped ones. */
  readonly load?: LoadOptions;
  /** Names that are left out. */
  readonly without?: readonly string[];
  /** Tests answer themselves. */
  readonly fetch?: Fetch;
};

/** A release stops being in force when its promotion expires; starting once in half a year renews it in time. */
const PROMOTION_LIFETIME_MS = 365 * 86_400_000;
const RENEW_AFTER_MS = PROMOTION_LIFETIME_MS / 2;

/** Throws, with the automation's name and the problem's code, at the first that is refused. */
export async function publishAll({
  url,
  dev,
  log,
  load = {},
  without = [],
  fetch: send = (to, init) => fetch(to, init),
}: PublishOptions): Promise<void> {
  const client = createClient({ baseUrl: url, key: dev.apiKeys.operator, fetch: send });
  for (const name of incompleteFolders(load.folder))
    log(`automation ${name}: left out, its folder has no automation.yaml`);
  for (const name of automationNames(load.folder)) {
    if (without.includes(name)) continue;
    const loaded = valueOf(name, loadAutomation(name, load));
    for (const { rule, message } of loaded.advice) log(`automation ${name}: rule ${rule}: ${message}`);
    if (await publishOne(client, dev, loaded)) log(`automation ${name}: promoted ${loaded.digest.slice(0, 19)}…`);
  }
}

/** Publishes and promotes one automation. @returns whether something had to be done */
export async function publishOne(
  client: Client,
  dev: PublishOptions["dev"],
  { name, bundle, digest }: LoadedAutomation,
): Promise<boolean> {
  const existing = valueOf(name, await client.putAutomation(name));
  const nowMs = Date.now();
  const isFresh = existing.promotedAt !== null && nowMs - Date.parse(existing.promotedAt) < RENEW_AFTER_MS;
  if (existing.release === digest && isFresh) return false;
  const published = valueOf(name, await client.publishRelease(name, bundle));
  if (published.release !== digest)
    throw new Error(`${name}: the server stored ${published.release}, and not ${digest}`);
  const promotion: Promotion = {
    version: 1,
    tenant: dev.tenant,
    automation: name,
    release: digest,
    serial: published.nextSerial,
    atMs: nowMs,
    expiresMs: nowMs + PROMOTION_LIFETIME_MS,
  };
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.promotion,
    payload: promotion,
    signers: [await importSigner(dev.rootKey)],
  });
  valueOf(name, await client.promoteRelease(name, digest, { envelope, chain: [] }));
  return true;
}

function valueOf<T>(name: string, result: Result<T, Problem>): T {
  if (result.ok) return result.value;
  throw new Error(`${name}: ${result.problem.code}: ${result.problem.detail}`);
}
