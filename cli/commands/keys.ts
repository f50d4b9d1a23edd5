/** `countersign keys new|list|revoke`: keys of people. A private key is made here and stays here. */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { exportPrivateKey, generateKeyPair, importSigner, keyId, PrivateJwk, publicPart } from "../../shared/keys.ts";
import type { Possession } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { ok } from "../../shared/result.ts";
import { suggestedRoles } from "../../shared/suggested-roles.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { jsonIn } from "../settings.ts";
import { bold, cyan, dim, green, line, red, table, time, yellow } from "../output.ts";

export const keysNew: Command = {
  name: "keys new",
  summary: "Makes a signing key in a file of yours, and with --member asks for its enrolment.",
  args: {
    out: { type: "string", valueHint: "FILE", description: "Where the private key goes (mode 600, never overwritten)" },
    member: { type: "string", valueHint: "NAME", description: "Ask the server to enrol the key for this member" },
  },
  examples: [
    "countersign keys new --out ~/.keys/ada.json --member ada",
    "countersign keys new --out offline-root.json",
  ],
  run: async (call) => {
    const file = path.resolve(call.platform.folder, call.args.required("out"));
    const member = call.args.text("member");
    const jwk = existing(file, member !== undefined) ?? (await newKey(file));
    const [kid, publicJwk] = [keyId(jwk), publicPart(jwk)];
    const made = { kid, key: publicJwk, file };
    if (member === undefined)
      return ok({ json: { ...made, request: null }, text: `${green("made")} ${bold(kid)}\n${dim(file)}` });

    // A key that is bound to a person may ask for that person alone; an operator's asks for anybody.
    const client = call.client("operator", "admin", "approver");
    if (!client.ok) return client;
    const tenant = await call.tenant(client.value);
    if (!tenant.ok) return tenant;
    const payload: Possession = {
      version: 1,
      tenant: tenant.value,
      member,
      key: publicJwk,
      atMs: call.platform.nowMs(),
    };
    const possession = await signEnvelope({
      payloadType: PAYLOAD_TYPES.possession,
      payload,
      signers: [await importSigner(jwk)],
    });
    const request = await client.value.requestEnrolment(possession);
    if (!request.ok) return request;
    const page = await client.value.listEnrolments();
    const roles = page.ok ? suggestedRoles(member, page.value, call.platform.nowMs()) : ["approver"];
    return ok({
      json: { ...made, request: request.value },
      text: `${green("made")} ${bold(kid)} for ${line(member)}\n${dim(file)}\nan admin enrols it: ${cyan(`countersign keys enrol ${kid} --roles ${roles.map(line).join(",")}`)}`,
    });
  },
};

/** A request that failed can be repeated with the key that was made for it; otherwise a file that exists is left alone. */
function existing(file: string, isRepeatable: boolean): PrivateJwk | null {
  if (!existsSync(file)) return null;
  const parsed = isRepeatable ? PrivateJwk.safeParse(jsonIn(file)) : null;
  if (parsed?.success === true) return parsed.data;
  throw new UsageError(`${file} exists; a key is never overwritten.`);
}

async function newKey(file: string): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair({ extractable: true });
  const jwk = await exportPrivateKey(privateKey);
  try {
    writeFileSync(file, `${JSON.stringify(jwk, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch {
    throw new UsageError(`${file} cannot be written.`);
  }
  return jwk;
}

export const keysList: Command = {
  name: "keys list",
  summary: "Lists enrolled keys, and keys that wait for an admin.",
  args: {},
  examples: ["countersign keys list"],
  run: async (call) => {
    const client = call.client("approver", "auditor");
    if (!client.ok) return client;
    const page = await client.value.listEnrolments();
    if (!page.ok) return page;
    const { enrolments, requests } = page.value;
    const rows = [
      ...enrolments.map(({ kid, member, roles, expiresAt, revokedAt }) => [
        revokedAt === null ? green("enrolled") : red("revoked"),
        kid,
        line(member),
        roles.map(line).join(", "),
        dim(`until ${time(expiresAt)}`),
      ]),
      ...requests.map(({ kid, member }) => [
        yellow("waits"),
        kid,
        line(member),
        "",
        dim(
          `countersign keys enrol ${kid} --roles ${suggestedRoles(member, page.value, call.platform.nowMs()).join(",")}`,
        ),
      ]),
    ];
    return ok({ json: page.value, text: rows.length === 0 ? "No keys." : table(rows) });
  },
};

export const keysRevoke: Command = {
  name: "keys revoke",
  summary: "Revokes a key: from each executor's next record on, its signatures count for nothing.",
  args: {
    kid: { type: "positional", description: "The key's id" },
    reason: { type: "string", description: "Why, for the record" },
  },
  examples: [`countersign keys revoke KID --reason "device lost"`],
  run: async (call) => {
    const reason = call.args.required("reason");
    const client = call.client("admin");
    if (!client.ok) return client;
    const revoked = await client.value.revokeKey(call.args.text("kid")!, reason);
    if (!revoked.ok) return revoked;
    const { kid, incomplete } = revoked.value;
    const missing =
      incomplete.length === 0
        ? []
        : [yellow(`No answer from ${incomplete.join(", ")}: repeat the command until nobody is missing.`)];
    return ok({ json: revoked.value, text: [`${red("revoked")} ${line(kid)}`, ...missing].join("\n") });
  },
};
