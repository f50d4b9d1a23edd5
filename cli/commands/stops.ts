/** `countersign revoke CAPABILITY` stops it at once; `countersign restore CAPABILITY` lifts the stop with a signature. */
import type { Restore } from "../../shared/events.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Command } from "../command.ts";
import { dim, green, line, red, table, yellow } from "../output.ts";
import { chainOf, deviceKey, SIGNATURE_LIFETIME_MS, signerOf } from "../signing.ts";

export const revoke: Command = {
  name: "revoke",
  summary: "Stops a capability: no action of it is claimed any more. Lists what had been claimed already.",
  args: {
    capability: { type: "positional", description: "The capability" },
    reason: { type: "string", description: "Why, for the record" },
  },
  examples: [`countersign revoke orders.cancel --reason "wrong refunds, see incident 12"`],
  run: async (call) => {
    const reason = call.args.required("reason");
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const name = call.args.text("capability")!;
    const stopped = await client.value.revokeCapability(name, reason);
    if (!stopped.ok) return stopped;
    const { stop, alreadyClaimed, incomplete } = stopped.value;
    return ok({
      json: stopped.value,
      text: [
        `${red("stopped")} ${line(name)}  ${dim(stop)}`,
        alreadyClaimed.length === 0
          ? "Nothing of it was under way."
          : `Already claimed, and may still happen:\n${table(
              alreadyClaimed.map(({ task, step }) => [task, line(step)]),
              "  ",
            )}`,
        ...missing(incomplete),
      ].join("\n"),
    });
  },
};

export const restore: Command = {
  name: "restore",
  summary: "Lifts the stop of a capability, signed by an admin's or the root key.",
  args: {
    capability: { type: "positional", description: "The capability" },
    stop: {
      type: "string",
      valueHint: "ID",
      description: "The stop to lift, where it is not the one that the server names",
    },
    "signing-key": {
      type: "string",
      valueHint: "FILE",
      description: "Private JWK that signs; else the development admin's or root key",
    },
  },
  examples: ["countersign restore orders.cancel", "countersign restore orders.cancel --signing-key root.json"],
  run: async (call) => {
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "root", "admin");
    const [tenant, page, chain] = await Promise.all([
      call.tenant(client.value),
      client.value.listCapabilities(),
      chainOf(call, client.value, key),
    ]);
    if (!tenant.ok) return tenant;
    if (!page.ok) return page;
    if (!chain.ok) return chain;
    const name = call.args.text("capability")!;
    const stop =
      call.args.text("stop") ?? page.value.capabilities.find(({ contract }) => contract.name === name)?.stop?.stop;
    if (stop === undefined) return err(problem("not-found", `No stop of ${name} is in force.`));
    const nowMs = call.platform.nowMs();
    const payload: Restore = {
      version: 1,
      tenant: tenant.value,
      kind: "capability",
      target: name,
      stop,
      atMs: nowMs,
      expiresMs: nowMs + SIGNATURE_LIFETIME_MS,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.restore,
      payload,
      signers: [await signerOf(key)],
    });
    const restored = await client.value.restoreCapability(name, { envelope, chain: chain.value });
    if (!restored.ok) return restored;
    return ok({
      json: restored.value,
      text: [
        `${green("restored")} ${line(name)}  ${dim(`signed with ${key.from}`)}`,
        ...missing(restored.value.incomplete),
      ].join("\n"),
    });
  },
};

const missing = (incomplete: readonly string[]): string[] =>
  incomplete.length === 0
    ? []
    : [yellow(`No answer from ${incomplete.join(", ")}: repeat the command until nobody is missing.`)];
