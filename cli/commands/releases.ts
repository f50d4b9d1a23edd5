/** `countersign publish` and `countersign promote`: a release is stored by its digest, and is in force once a signature says so. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { compileRelease } from "../../shared/compiled-release.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import type { Promotion } from "../../shared/release.ts";
import { err, ok } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, cyan, dim, green, line, yellow } from "../output.ts";
import { chainOf, deviceKey, signerOf } from "../signing.ts";

/** A promotion ends by itself: a release that nobody has looked at for a year should not act. */
const PROMOTION_LIFETIME_MS = 365 * 86_400_000;

export const publish: Command = {
  name: "publish",
  summary: "Stores a release of an automation. It is in force only once it is promoted.",
  args: {
    name: { type: "positional", description: "The automation" },
    bundle: { type: "string", valueHint: "FILE|-", description: "The bundle as JSON" },
  },
  examples: [
    "countersign publish order-cancellation --bundle order-cancellation.json",
    "npx node scripts/bundle.ts order-cancellation | countersign publish order-cancellation --bundle -",
  ],
  run: async (call) => {
    const file = call.args.required("bundle");
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const value = parseStrictJson(
      file === "-" ? await call.platform.readInput() : textIn(path.resolve(call.platform.folder, file)),
    );
    if (!value.ok) return value;
    // Compiled here as every plane will compile it, so that a mistake is named before anything is sent.
    const compiled = compileRelease(canonicalize(value.value));
    if (!compiled.ok) return compiled;
    const name = call.args.text("name")!;
    if (compiled.value.bundle.automation !== name)
      return err(problem("release-mismatch", `The bundle is of the automation ${compiled.value.bundle.automation}.`));
    const automation = await client.value.putAutomation(name);
    if (!automation.ok) return automation;
    const published = await client.value.publishRelease(name, compiled.value.bundle);
    if (!published.ok) return published;
    if (published.value.release !== compiled.value.digest)
      return err(
        problem(
          "release-mismatch",
          `The server stored ${published.value.release}, which is not what was sent: ${compiled.value.digest}.`,
        ),
      );
    const { release, breaking } = published.value;
    const breaks = breaking.map((one) => `\n${yellow("breaks")} ${line(one)}`).join("");
    return ok({
      json: published.value,
      text: `${green("published")} ${line(name)} ${bold(release)}${breaks}\nput it in force: ${cyan(`countersign promote ${name} ${release}`)}`,
    });
  },
};

export const promote: Command = {
  name: "promote",
  summary: "Puts a published release in force, signed by an operator's, an admin's or the root key.",
  args: {
    name: { type: "positional", description: "The automation" },
    digest: { type: "positional", description: "The release, sha256:…" },
    "signing-key": {
      type: "string",
      valueHint: "FILE",
      description: "Private JWK that signs; else the development root key",
    },
  },
  examples: ["countersign promote order-cancellation sha256:…"],
  run: async (call) => {
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const [name, release] = [call.args.text("name")!, call.args.text("digest")!];
    const key = deviceKey(call, "root", "admin");
    const [tenant, automation, chain] = await Promise.all([
      call.tenant(client.value),
      client.value.readAutomation(name),
      chainOf(call, client.value, key),
    ]);
    if (!tenant.ok) return tenant;
    if (!automation.ok) return automation;
    if (!chain.ok) return chain;
    const nowMs = call.platform.nowMs();
    const promotion: Promotion = {
      version: 1,
      tenant: tenant.value,
      automation: name,
      release,
      serial: automation.value.serial + 1,
      atMs: nowMs,
      expiresMs: nowMs + PROMOTION_LIFETIME_MS,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.promotion,
      payload: promotion,
      signers: [await signerOf(key)],
    });
    const promoted = await client.value.promoteRelease(name, release, { envelope, chain: chain.value });
    if (!promoted.ok) return promoted;
    return ok({
      json: promoted.value,
      text: `${green("in force")} ${line(name)} ${bold(release)}  ${dim(`promotion ${promoted.value.serial}, signed with ${key.from}`)}`,
    });
  },
};

function textIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`The file ${file} cannot be read.`);
  }
}
