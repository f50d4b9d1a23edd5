/**
 * `countersign revoke CAPABILITY` stops it at once, `countersign stop KIND TARGET` anything; `countersign restore TARGET` lifts a stop with a
 * signature.
 */
import type { Stopped } from "../../shared/api.ts";
import { type Restore, StopKind, StopMode } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { dim, green, line, red, table, yellow } from "../output.ts";
import { chainOf, deviceKey, signerOf } from "../signing.ts";

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
    return stopped.ok ? ok({ json: stopped.value, text: stoppedText(name, stopped.value) }) : stopped;
  },
};

export const stop: Command = {
  name: "stop",
  summary:
    "Stops an automation, a capability, an agent, a release, an API key or the tenant. Lists what had been claimed already.",
  args: {
    kind: { type: "positional", description: StopKind.options.join(", ") },
    target: { type: "positional", description: "Its name, digest or id" },
    reason: { type: "string", description: "Why, for the record" },
    mode: {
      type: "string",
      description: "stop-all: nothing is claimed any more; stop-new: what is in flight finishes",
      default: "stop-all",
    },
  },
  examples: [
    `countersign stop automation order-cancellation --mode stop-new --reason "closing for the night"`,
    `countersign stop key key_7 --reason "leaked"`,
  ],
  run: async (call) => {
    const kind = StopKind.safeParse(call.args.text("kind"));
    const mode = StopMode.safeParse(call.args.text("mode") ?? "stop-all");
    if (!kind.success) throw new UsageError(`The kind is one of ${StopKind.options.join(", ")}.`);
    if (!mode.success) throw new UsageError(`The mode is ${StopMode.options.join(" or ")}.`);
    const reason = call.args.required("reason");
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const target = call.args.text("target")!;
    const stopped = await client.value.setStop({ kind: kind.data, target, mode: mode.data, reason });
    return stopped.ok
      ? ok({ json: stopped.value, text: stoppedText(`${kind.data} ${target}`, stopped.value) })
      : stopped;
  },
};

const stoppedText = (name: string, { stop: id, alreadyClaimed, more, done, incomplete }: Stopped): string =>
  [
    `${done ? red("stopped") : yellow("not stopped everywhere")} ${line(name)}  ${dim(id)}`,
    alreadyClaimed.length === 0
      ? "Nothing of it was under way."
      : `Already claimed, and may still happen:\n${table(
          alreadyClaimed.map(({ task, step, action, since }) => [task, line(step), action, `since ${since}`]),
          "  ",
        )}`,
    ...(more ? [yellow("There is more than is listed.")] : []),
    ...missing(incomplete),
  ].join("\n");

export const restore: Command = {
  name: "restore",
  summary: "Lifts the stop of a capability, or of anything else, signed by an admin's or the root key.",
  args: {
    target: { type: "positional", description: "What is stopped" },
    kind: { type: "string", description: StopKind.options.join(", "), default: "capability" },
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
  examples: [
    "countersign restore orders.cancel",
    "countersign restore orders.cancel --signing-key root.json",
    "countersign restore notes --kind automation",
  ],
  run: async (call) => {
    const kind = StopKind.safeParse(call.args.text("kind") ?? "capability");
    if (!kind.success) throw new UsageError(`The kind is one of ${StopKind.options.join(", ")}.`);
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "root", "admin");
    const [tenant, page, chain] = await Promise.all([
      call.tenant(client.value),
      client.value.listStops(),
      chainOf(call, client.value, key),
    ]);
    if (!tenant.ok) return tenant;
    if (!page.ok) return page;
    if (!chain.ok) return chain;
    const name = call.args.text("target")!;
    const standing =
      call.args.text("stop") ?? page.value.stops.find((one) => one.kind === kind.data && one.target === name)?.stop;
    if (standing === undefined) return err(problem("not-found", `No stop of ${name} is in force.`));
    const nowMs = call.platform.nowMs();
    const payload: Restore = {
      version: 1,
      tenant: tenant.value,
      kind: kind.data,
      target: name,
      stop: standing,
      atMs: nowMs,
      expiresMs: nowMs + LIMITS.personSignatureMs,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.restore,
      payload,
      signers: [await signerOf(key)],
    });
    const restored = await client.value.liftStop({ envelope, chain: chain.value });
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
