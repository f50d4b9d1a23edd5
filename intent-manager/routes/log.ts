/** The face of a tenant's log by C2SP tlog-tiles: checkpoint and hash tiles for everybody, entry bundles for its auditors. */
import * as z from "zod";
import { TenantId } from "../../shared/ids.ts";
import { err } from "../../shared/result.ts";
import { callWorker } from "../dispatch/executor.ts";
import { findTenant } from "../http/caller.ts";
import { endpoint, NOT_FOUND, publicEndpoint } from "../http/endpoint.ts";
import { text } from "../http/reply.ts";
import { LEDGER } from "./ledger.ts";

/** `x001/067` or `x001/067.p/5`: groups of three digits, and the width of a tile that is not full. */
const TILE = String.raw`(?:x[0-9]{3}\/)*[0-9]{3}(?:\.p\/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?`;
const BUNDLE_PATH = new RegExp(`^${TILE}$`);
/** The same under a level up to 63. */
const TILE_PATH = new RegExp(String.raw`^(?:[0-9]|[1-5][0-9]|6[0-3])\/${TILE}$`);

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
    params: z.object({ tenant: TenantId, path: z.string().max(100).regex(TILE_PATH) }),
    answers: { 200: { description: "Concatenated SHA-256 hashes", contentType: "application/octet-stream" } },
  },
  async ({ env, background, nowMs, params }) => {
    if ((await findTenant(env, params.tenant, nowMs, background)) === null) return err(NOT_FOUND);
    const tile = await callWorker(LEDGER, () => env.LEDGER.tile(params.tenant, `tile/${params.path}`));
    if (!tile.ok) return tile;
    return octets(tile.value, `public, ${freshness(params.path)}`);
  },
);

export const logEntries = endpoint(
  "GET /log/{tenant}/tile/entries/{path}",
  {
    summary: "A bundle of entries",
    description:
      "C2SP tlog-tiles: `/log/{tenant}/tile/entries/x001/067`, up to 256 entries, each behind its length in two bytes. For the tenant's own auditors.",
    tag: "log",
    params: z.object({ tenant: TenantId, path: z.string().max(100).regex(BUNDLE_PATH) }),
    answers: { 200: { description: "Entries, exactly as they are hashed", contentType: "application/octet-stream" } },
  },
  async ({ env, caller, params: { tenant, path } }) => {
    if (caller.tenant.id !== tenant) return err(NOT_FOUND);
    const bundle = await callWorker(LEDGER, () => env.LEDGER.tile(tenant, `tile/entries/${path}`));
    return bundle.ok ? octets(bundle.value, `private, ${freshness(path)}`) : bundle;
  },
);

/** A full tile never changes; a partial one stays true, but a wider one takes its place. */
const freshness = (path: string): string => (path.includes(".p/") ? "max-age=60" : "max-age=31536000, immutable");

const octets = (bytes: Uint8Array, cacheControl: string): Response =>
  new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": "application/octet-stream", "cache-control": cacheControl },
  });
