/**
 * Where the outside systems of this Worker stand: the variable `HTTP_TARGETS`, a JSON object
 *
 *   { "origins": { "payments": "https://api.payments.example" } }
 *
 * Capabilities name targets and never addresses. `"development": true` allows `http://localhost:PORT` and stands in `.dev.vars` alone:
 * `npm run deploy` refuses it.
 */
import * as z from "zod";
import { parseStrictJson } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { checkOrigin } from "./egress-url.ts";

const Config = z.strictObject({
  development: z.boolean().optional(),
  origins: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), z.string().max(300)).optional(),
});

export type HttpTargets = {
  readonly development: boolean;
  readonly originByName: ReadonlyMap<string, string>;
};

export const NO_TARGETS: HttpTargets = { development: false, originByName: new Map() };

/** Errors: not-running. One origin that is not acceptable makes the whole configuration so. */
export function parseTargets(text: string | undefined): Result<HttpTargets> {
  if (text === undefined) return ok(NO_TARGETS);
  const json = parseStrictJson(text);
  const config = json.ok ? Config.safeParse(json.value) : null;
  if (config === null || !config.success) return malformed("not a set of targets");
  const { development = false, origins = {} } = config.data;
  for (const [name, origin] of Object.entries(origins))
    if (!checkOrigin(origin, development).ok) return malformed(`the origin of ${name} is not https://HOST`);
  return ok({ development, originByName: new Map(Object.entries(origins)) });
}

const malformed = (why: string): Result<HttpTargets> =>
  err(problem("not-running", `The executors are not configured: HTTP_TARGETS: ${why}.`));
