/**
 * Enrols the development people through the public interface: grace, an admin, by the root key; ada, who approves, by grace.
 * Who is enrolled already stays so; repeating it is harmless.
 */
import { createClient, type Client } from "../shared/client.ts";
import { importSigner, keyId, publicPart, type Signer } from "../shared/keys.ts";
import type { Enrolment } from "../shared/members.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import type { Problem } from "../shared/problems.ts";
import type { Result } from "../shared/result.ts";
import { signEnvelope, type Envelope } from "../shared/signing.ts";
import type { Person, TenantKeys } from "./lib/keys.ts";

export type EnrolOptions = {
  /** Where the public Worker answers. */
  readonly url: string;
  readonly keys: Pick<TenantKeys, "tenant" | "rootKey" | "admin" | "approver" | "apiKeys">;
  readonly log: (line: string) => void;
};

/** The roles that the shipped policies ask for. */
const APPROVER_ROLES = ["approver", "support-lead"];
const LIFETIME_MS = 365 * 24 * 3_600_000;
/** Renewed at the first start in the last month. */
const RENEW_MS = 30 * 24 * 3_600_000;

/** Throws, with the member's name and the problem's code, at the first that is refused. */
export async function enrolPeople({ url, keys, log }: EnrolOptions): Promise<void> {
  const client = createClient({ baseUrl: url, key: keys.apiKeys.admin, fetch: (to, init) => fetch(to, init) });
  const root = await importSigner(keys.rootKey);
  const { enrolments } = valueOf("enrolments", await client.listEnrolments());
  const standing = (person: Person) =>
    enrolments.find(
      ({ kid, revokedAt, expiresAt }) =>
        kid === keyId(person.key) && revokedAt === null && Date.parse(expiresAt) > Date.now() + RENEW_MS,
    );

  const enrol = async (person: Person, roles: readonly string[], by: Signer, chain: readonly Envelope[]) => {
    const existing = standing(person);
    if (existing !== undefined) return [existing.envelope, ...existing.chain];
    await provePossession(client, keys.tenant, person);
    const nowMs = Date.now();
    const enrolment: Enrolment = {
      version: 1,
      tenant: keys.tenant,
      member: person.member,
      key: publicPart(person.key),
      roles: [...roles],
      notBeforeMs: nowMs,
      expiresMs: nowMs + LIFETIME_MS,
    };
    const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.enrolment, payload: enrolment, signers: [by] });
    valueOf(person.member, await client.enrol({ envelope, chain }));
    log(`${person.member}: enrolled as ${roles.join(", ")}`);
    return [envelope, ...chain];
  };

  const adminChain = await enrol(keys.admin, ["admin"], root, []);
  await enrol(keys.approver, APPROVER_ROLES, await importSigner(keys.admin.key), adminChain);
}

/** Tells the server, signed by the key itself, that the person holds it. */
async function provePossession(client: Client, tenant: string, { member, key }: Person): Promise<void> {
  const payload = { version: 1, tenant, member, key: publicPart(key), atMs: Date.now() } as const;
  const possession = await signEnvelope({
    payloadType: PAYLOAD_TYPES.possession,
    payload,
    signers: [await importSigner(key)],
  });
  valueOf(member, await client.requestEnrolment(possession));
}

function valueOf<T>(name: string, result: Result<T, Problem>): T {
  if (result.ok) return result.value;
  throw new Error(`${name}: ${result.problem.code}: ${result.problem.detail}`);
}
