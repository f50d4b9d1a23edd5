/**
 * Statements that two people sign, each with a key of their own: the first says what and signs, the second looks at it and signs, then anybody
 * sends it. Between them a file travels; nothing in it is secret.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type * as z from "zod";
import { fromBase64 } from "../shared/bytes.ts";
import type { Client } from "../shared/client.ts";
import { toBase32 } from "../shared/ids.ts";
import { parseStrictJson } from "../shared/json.ts";
import { keyId } from "../shared/keys.ts";
import type { PayloadType } from "../shared/payload-types.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { signEnvelope } from "../shared/signing.ts";
import { SignedByTwo } from "../shared/two-admins.ts";
import type { Answer, Call, Command } from "./command.ts";
import { UsageError } from "./exits.ts";
import { dim } from "./output.ts";
import { jsonIn } from "./settings.ts";
import { chainOf, deviceKey, signerOf, type DeviceKey } from "./signing.ts";

/** How long both signatures may take to be used: people have to find each other. */
const LIFETIME_MS = 24 * 3_600_000;
const ID_BYTES = 16;

/** A kind of such statement. `name` is its word on the command line, and the field of its id. */
export type Kind<Payload> = {
  readonly name: string;
  readonly article: "a" | "an";
  /** Of its ids, with the underscore. */
  readonly prefix: string;
  readonly payloadType: PayloadType;
  readonly schema: z.ZodType<Payload>;
  /** What a person sees before signing. */
  readonly words: (payload: Payload) => readonly string[];
  readonly idOf: (payload: Payload) => string;
};

/** What every such statement says, whatever it is about. */
export type Frame = {
  readonly version: 1;
  readonly tenant: string;
  readonly id: string;
  readonly reason: string;
  readonly atMs: number;
  readonly expiresMs: number;
};

const signingKey = {
  type: "string",
  valueHint: "FILE",
  description: "Private JWK that signs; else a development key",
} as const;

type Named = { readonly name: string };

export const fileOf = ({ name }: Named) => ({ type: "positional", description: `The ${name}'s file` }) as const;

export const newArguments = ({ name }: Named) => ({
  reason: { type: "string", description: "Why, for the record" } as const,
  out: { type: "string", valueHint: "FILE", description: "Where it is written", default: `${name}.json` } as const,
  "signing-key": signingKey,
});

/** Makes a statement, signs it first, and writes it to its file. `make` asks the server what it is about; `told` goes into the answer with --json. */
export async function makeStatement<Payload>(
  call: Call,
  kind: Kind<Payload>,
  make: (
    client: Client,
    frame: Frame,
  ) => Promise<Result<{ readonly payload: Payload; readonly told: Record<string, unknown> }>>,
): Promise<Result<Answer>> {
  const reason = call.args.required("reason");
  const client = call.client("admin");
  if (!client.ok) return client;
  const key = deviceKey(call, "root", "admin");
  const tenant = await call.tenant(client.value);
  if (!tenant.ok) return tenant;
  const nowMs = call.platform.nowMs();
  const made = await make(client.value, {
    version: 1,
    tenant: tenant.value,
    id: `${kind.prefix}${toBase32(call.platform.randomBytes(ID_BYTES))}`,
    reason,
    atMs: nowMs,
    expiresMs: nowMs + LIFETIME_MS,
  });
  if (!made.ok) return made;
  const { payload, told } = made.value;
  const signed = await withSignature(call, client.value, key, kind, payload, null);
  if (!signed.ok) return signed;
  const file = path.resolve(call.platform.folder, call.args.text("out") ?? `${kind.name}.json`);
  write(file, signed.value);
  return ok({
    json: { [kind.name]: kind.idOf(payload), file, ...told },
    text: [
      ...kind.words(payload),
      dim(`signed with ${key.from}, written to ${file}`),
      `A second admin signs it: countersign ${kind.name} sign FILE`,
    ].join("\n"),
  });
}

/** `countersign KIND sign FILE`. */
export const signCommand = <Payload>(kind: Kind<Payload>): Command => ({
  name: `${kind.name} sign`,
  summary: `Shows ${kind.article} ${kind.name} and adds the second signature to its file.`,
  args: { file: fileOf(kind), "signing-key": signingKey },
  examples: [`countersign ${kind.name} sign ${kind.name}.json --signing-key grace.json`],
  run: async (call) => {
    const read = readStatement(call, kind);
    if (!read.ok) return read;
    const { file, signed, payload } = read.value;
    const client = call.client("admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "admin", "root");
    const both = await withSignature(call, client.value, key, kind, payload, signed);
    if (!both.ok) return both;
    write(file, both.value);
    return ok({
      json: { [kind.name]: kind.idOf(payload), file, signatures: both.value.envelope.signatures.length },
      text: [...kind.words(payload), dim(`signed with ${key.from}`), `Then: countersign ${kind.name} apply FILE`].join(
        "\n",
      ),
    });
  },
});

/** What a file holds. Nothing of it is believed: whoever takes the statement checks the signatures. Throws a UsageError where it is no such file. */
export function readStatement<Payload>(
  call: Call,
  { name, article, schema }: Kind<Payload>,
): Result<{ readonly file: string; readonly signed: SignedByTwo; readonly payload: Payload }> {
  const file = path.resolve(call.platform.folder, call.args.text("file")!);
  const signed = SignedByTwo.safeParse(jsonIn(file));
  if (!signed.success) throw new UsageError(`${file} is not ${article} ${name}'s file.`);
  const value = parseStrictJson(fromBase64(signed.data.envelope.payload) ?? new Uint8Array());
  const payload = schema.safeParse(value.ok ? value.value : null);
  return payload.success
    ? ok({ file, signed: signed.data, payload: payload.data })
    : err(problem("payload-invalid", `The file does not hold ${article} ${name}.`));
}

/** One more signature, with the enrolments that lead from its key to the root. */
async function withSignature<Payload>(
  call: Call,
  client: Client,
  key: DeviceKey,
  { payloadType }: Kind<Payload>,
  payload: Payload,
  before: SignedByTwo | null,
): Promise<Result<SignedByTwo>> {
  // Said here, where the person is: a second signature of one key makes an envelope that nobody reads.
  if (before?.envelope.signatures.some(({ keyid }) => keyid === keyId(key.jwk)) === true)
    return err(problem("epoch-unsigned", `${key.from} has signed this already: two different members sign it.`));
  const chain = await chainOf(call, client, key);
  if (!chain.ok) return chain;
  const envelope = await signEnvelope({ payloadType, payload, signers: [await signerOf(key)] });
  const signatures = [...(before?.envelope.signatures ?? []), ...envelope.signatures];
  return ok({ envelope: { ...envelope, signatures }, chains: [...(before?.chains ?? []), [...chain.value]] });
}

const write = (file: string, signed: SignedByTwo): void => writeFileSync(file, `${JSON.stringify(signed, null, 2)}\n`);
