/** `countersign keys enrol KID`: signs that a key belongs to a member with certain roles. */
import { keyId } from "../../shared/keys.ts";
import { MemberRole, Possession, type Enrolment } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import type { EnrolmentRequestView } from "../../shared/api.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { openEnvelope, signEnvelope } from "../../shared/signing.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, dim, green, line } from "../output.ts";
import { chainOf, deviceKey, signerOf } from "../signing.ts";

const DAY_MS = 86_400_000;

export const keysEnrol: Command = {
  name: "keys enrol",
  summary:
    "Enrols a key that has proved possession, signed by an admin's or the root key. Only the root enrols admins.",
  args: {
    kid: { type: "positional", description: "The key's id" },
    roles: { type: "string", valueHint: "A,B", description: "Roles of the member (default approver)" },
    days: { type: "string", valueHint: "N", description: "Valid for so many days (default 365)" },
    "signing-key": {
      type: "string",
      valueHint: "FILE",
      description: "Private JWK that signs; else the development root key",
    },
  },
  examples: [
    "countersign keys enrol KID --roles approver,billing-lead",
    "countersign keys enrol KID --roles admin --signing-key root.json",
  ],
  run: async (call) => {
    const roles = (call.args.text("roles") ?? "approver").split(",").map((role) => role.trim());
    if (roles.some((role) => !MemberRole.safeParse(role).success))
      throw new UsageError("--roles is a list of lower-case names.");
    const days = call.args.count("days") ?? 365;
    const kid = call.args.text("kid")!;
    const key = deviceKey(call, "root", "admin");
    const client = call.client("admin");
    if (!client.ok) return client;
    const [tenant, page, chain] = await Promise.all([
      call.tenant(client.value),
      client.value.listEnrolments(),
      chainOf(call, client.value, key),
    ]);
    if (!tenant.ok) return tenant;
    if (!page.ok) return page;
    if (!chain.ok) return chain;
    const request = page.value.requests.find((waiting) => waiting.kid === kid);
    if (request === undefined)
      return err(
        problem("not-found", `No key ${kid} waits for enrolment; its holder runs countersign keys new --member NAME.`),
      );
    const proved = await checkPossession(request, tenant.value);
    if (!proved.ok) return proved;

    const nowMs = call.platform.nowMs();
    const enrolment: Enrolment = {
      version: 1,
      tenant: tenant.value,
      member: proved.value.member,
      key: proved.value.key,
      roles,
      notBeforeMs: nowMs,
      expiresMs: nowMs + days * DAY_MS,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.enrolment,
      payload: enrolment,
      signers: [await signerOf(key)],
    });
    const enrolled = await client.value.enrol({ envelope, chain: chain.value });
    if (!enrolled.ok) return enrolled;
    return ok({
      json: enrolled.value,
      text: `${green("enrolled")} ${bold(kid)} as ${line(proved.value.member)}: ${roles.join(", ")}  ${dim(`signed with ${key.from}`)}`,
    });
  },
};

/** The server's word is not enough: what is enrolled is the key that signed, for the member that it named. */
async function checkPossession(
  { kid, key, possession }: EnrolmentRequestView,
  tenant: string,
): Promise<Result<Possession>> {
  const opened = await openEnvelope(possession, {
    payloadType: PAYLOAD_TYPES.possession,
    keys: new Map([[keyId(key), key]]),
    schema: Possession,
  });
  if (!opened.ok) return opened;
  const { payload } = opened.value;
  return payload.tenant === tenant && keyId(payload.key) === kid && keyId(key) === kid
    ? ok(payload)
    : err(problem("possession-not-proved", "The statement of possession is of another key or another tenant."));
}
