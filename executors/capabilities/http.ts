/**
 * The capabilities over outside systems. Add one here: a definition over the HTTP adapter in a file of this folder, and its line in
 * `httpDefinitions`. It is offered where `HTTP_TARGETS` says where its target stands.
 */
import type { EgressAnswer, EgressCall } from "../adapters/egress.ts";
import { httpCapability } from "../adapters/http.ts";
import type { HttpDefinition } from "../adapters/http-definition.ts";
import { NO_TARGETS, parseTargets } from "../adapters/http-targets.ts";
import type { Capability } from "../adapters/types.ts";
import { sendLetter } from "./letters-send.ts";
import { sendEmail } from "./notify-email.ts";
import { tellSlack } from "./notify-slack.ts";
import { callWebhook } from "./notify-webhook.ts";
import { publishPage, withdrawPage } from "./pages-publish.ts";
import { refundCharge } from "./payments-refund.ts";
import { bookPickup } from "./pickups-book.ts";

export const httpDefinitions: readonly HttpDefinition<never>[] = [
  refundCharge,
  bookPickup,
  callWebhook,
  tellSlack,
  sendEmail,
  publishPage,
  withdrawPage,
  sendLetter,
] as unknown as HttpDefinition<never>[];

/** Absent where a test or a measurement starts the Worker without a way out. */
export type HttpBindings = { readonly HTTP_TARGETS?: string; readonly EGRESS?: unknown };

type EgressBinding = { send(call: EgressCall): Promise<EgressAnswer> };

export function httpCapabilities(env: HttpBindings): Capability[] {
  const parsed = parseTargets(env.HTTP_TARGETS);
  // A malformed configuration offers none, and the entrypoint says why to whoever calls it.
  const { originByName } = parsed.ok ? parsed.value : NO_TARGETS;
  const send = async (call: EgressCall): Promise<EgressAnswer> => (env.EGRESS as EgressBinding).send(call);
  return httpDefinitions
    .filter(({ target }) => originByName.has(target))
    .map((definition) => httpCapability(definition, { send }));
}
