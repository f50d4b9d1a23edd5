/**
 * What a credential adds to one request, and how its secrets are taken out of text that comes back. Pure.
 */
import { toBase64, toBase64Url } from "../../shared/bytes.ts";

export type Authorization = {
  readonly headers: { readonly [name: string]: string };
  /** Every secret that the headers hold or were made of. */
  readonly secrets: readonly string[];
  /** Whether another call could have a fresh one. */
  readonly renewable: boolean;
  /** Where the request goes instead of its own address: an address that is itself a secret. It is checked like any other. */
  readonly url?: string;
};

/** What is about to leave, as far as a credential may depend on it. */
export type Outgoing = { readonly headers: { readonly [name: string]: string }; readonly body: string | null };

export const NO_AUTHORIZATION: Authorization = { headers: {}, secrets: [], renewable: false };

/** Shorter ones are not looked for: they would stand in any text. Configuration refuses them. */
export const SHORTEST_SECRET = 8;

const encoder = new TextEncoder();

/** The text without the secrets, in the spellings that servers echo: as they are, percent-encoded, as JSON, as base64. */
export function redacted(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) for (const form of formsOf(secret)) clean = clean.replaceAll(form, "[redacted]");
  return clean;
}

function formsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const bytes = encoder.encode(secret);
  const quoted = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([secret, encodeURIComponent(secret), quoted, toBase64(bytes).replace(/=+$/, ""), toBase64Url(bytes)]),
  ];
}
