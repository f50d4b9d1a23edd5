/**
 * What a capability over HTTP is: data and pure functions. The adapter (http.ts) sends what they say and reads what they understand.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import { toBase32 } from "../../shared/ids.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Problem } from "../../shared/problems.ts";
import type { Premise } from "../../shared/proposal.ts";
import type { Result } from "../../shared/result.ts";
import { sha256 } from "../../shared/sha256.ts";
import type { Way } from "./egress.ts";
import type { ActionContext, Change } from "./types.ts";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Built with the `path` tag. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  /** Lower-case names. */
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Json;
};

export type HttpResponse = {
  readonly status: number;
  /** Undefined where it is no JSON. Not checked by anything yet: nothing is known of its shape. */
  readonly body: Json | undefined;
};

/** What an answer says about the action. */
export type HttpAnswer =
  | { readonly says: "applied"; readonly result: Json }
  /** The callee did not do it, for a reason of its domain. `detail` is shown to people: the definition's words, never the callee's. */
  | { readonly says: "refused"; readonly detail: string; readonly facts?: Problem["facts"] }
  | { readonly says: "unknown" };

/** What would be done, from what was read. */
export type HttpPlan = {
  readonly preview: JsonObject;
  readonly summary: string;
  readonly changes: readonly Change[];
  readonly premises: readonly Premise[];
};

type Common<Args> = Way & {
  /** Of a request that changes nothing for a read; of the effect for a write. */
  readonly request: (args: Args, context: ActionContext) => HttpRequest;
  /** Null: nothing to say beyond the status. Asked about every answer, so that a domain's refusal has a reason. */
  readonly answer: (response: HttpResponse, args: Args, context: ActionContext) => HttpAnswer | null;
};

export type HttpWrite<Args> = Common<Args> & {
  readonly contract: CapabilityContract & {
    readonly effect: "write";
    /** `at-least-once`: repeated as it is, for a callee of which nobody knows whether it keeps the key. */
    readonly delivery: "idempotent" | "at-least-once" | "at-most-once";
  };
  readonly prepare?: {
    readonly request: (args: Args, context: ActionContext) => HttpRequest;
    /** Refuses what the domain does not allow. Sees successful answers only. */
    readonly plan: (args: Args, response: HttpResponse, context: ActionContext) => Result<HttpPlan>;
    /** The effect is sent with `If-Match` on what was read: the premises hold in the request itself, or nothing is done. */
    readonly conditional: boolean;
  };
  readonly reconcile?: {
    readonly request: (args: Args, context: ActionContext) => HttpRequest;
    /** `refused` only where the callee can prove that nothing is still on its way; an absence alone is null. */
    readonly answer: (response: HttpResponse, args: Args) => HttpAnswer | null;
  };
  /** Reads what the effect left: asked after a success, where a step predicts it. Null: the answer does not say. */
  readonly observe?: {
    readonly request: (args: Args, result: Json, context: ActionContext) => HttpRequest;
    readonly answer: (response: HttpResponse, args: Args) => Json | null;
  };
  /** Statuses among 429 and 503 with which this callee says, by its documentation, that it did nothing. Then it is tried again. */
  readonly notExecuted?: readonly (429 | 503)[];
  /** The callee answers a repeated key with its first answer, refusals included: then a refusal of a repeated request counts. */
  readonly replaysRefusals?: boolean;
};

export type HttpRead<Args> = Common<Args> & {
  readonly contract: CapabilityContract & { readonly effect: "read" };
};

export type HttpDefinition<Args> = HttpWrite<Args> | HttpRead<Args>;

/** A value cannot stand in a path: it would name another one. */
export class PathRefused extends Error {}

/** path`/v1/charges/${id}/refunds`: each value becomes exactly one segment, or a part of one. Throws PathRefused. */
export function path(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  const text = values.reduce<string>(
    (before, value, i) => `${before}${encodeURIComponent(value)}${strings[i + 1]!}`,
    strings[0]!,
  );
  // Dot segments survive the encoding and would be taken out by whoever parses the URL.
  if (values.some((value) => value === "") || text.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)))
    throw new PathRefused("a value does not fit into the path");
  return text;
}

/**
 * The key under which a callee knows the action, the same on every attempt: 26 characters of base32 of SHA-256 over tenant and action.
 * The action's own id stays here, because it holds what a task is found by.
 */
export const idempotencyKeyOf = ({ tenant, action }: Pick<ActionContext, "tenant" | "action">): string =>
  toBase32(sha256(`countersign idempotency key\n${tenant}\n${action}`).slice(0, 16));
