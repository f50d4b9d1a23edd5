/** The public face of a tenant's log (C2SP tlog-tiles): its checkpoint and its hash tiles. Entries are not public. */
import * as z from "zod";
import { TenantId } from "../../shared/ids.ts";
import { err } from "../../shared/result.ts";
import { callWorker } from "../dispatch/executor.ts";
import { findTenant } from "../http/caller.ts";
import { NOT_FOUND, publicEndpoint } from "../http/endpoint.ts";
import { text } from "../http/reply.ts";
import { LEDGER } from "./ledger.ts";

/** `0/x001/067` or `0/x001/067.p/5`: a level up to 63, groups of three digits, and the width of a tile that is not full. */
const HASH_TILE =
  /^(?:[0-9]|[1-5][0-9]|6[0-3])(?:\/x[0-9]{3})*\/[0-9]{3}(?:\.p\/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$/;

export const logCheckpoint = publicEndpoint(
  "GET /log/{tenant}/checkpoint",
  {
    summary: "The newest signed checkpoint",
    tag: "log",
    params: z.object({ tenant: TenantId }),
    answers: { 200: { description: "A signed note (C2SP tlog-checkpoint)", contentType: "text/plain" } },
  },
  async ({ env, background, nowMs, params }) => {
    if ((await findTenant(env, params.tenant, nowMs, background)) === null) return err(NOT_FOUND);
    const note = await callWorker(LEDGER, () => env.LEDGER.checkpoint(params.tenant));
    return note.ok ? text(note.value, "text/plain; charset=utf-8", "no-cache") : note;
  },
);

export const logTile = publicEndpoint(
  "GET /log/{tenant}/tile/{path}",
  {
    summary: "A tile of hashes",
    description: "C2SP tlog-tiles: `/log/{tenant}/tile/0/x001/067`, partial tiles end in `.p/W`.",
    tag: "log",
    params: z.object({ tenant: TenantId, path: z.string().max(100).regex(HASH_TILE) }),
    answers: { 200: { description: "Concatenated SHA-256 hashes", contentType: "application/octet-stream" } },
  },
  async ({ env, background, nowMs, params }) => {
    if ((await findTenant(env, params.tenant, nowMs, background)) === null) return err(NOT_FOUND);
    const tile = await callWorker(LEDGER, () => env.LEDGER.tile(params.tenant, `tile/${params.path}`));
    if (!tile.ok) return tile;
    const cacheControl = params.path.includes(".p/") ? "public, max-age=60" : "public, max-age=31536000, immutable";
    return new Response(tile.value as Uint8Array<ArrayBuffer>, {
      headers: { "content-type": "application/octet-stream", "cache-control": cacheControl },
    });
  },
);
