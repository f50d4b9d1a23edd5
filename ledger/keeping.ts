/**
 * How a log is kept: what stays in the database, when it counts as full, and where its checkpoints are published. The variable
 * LOG_KEEPING, one JSON object; what it leaves out has the value below.
 */
import * as z from "zod";
import { parseStrictJson } from "../shared/json.ts";
import { LIMITS } from "../shared/limits.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { shownAddress } from "../shared/shown-address.ts";

export const LogKeeping = z.strictObject({
  /** Entries whose bodies stay in the database; older ones are in the archive alone, once their bundle is full. */
  hotEntries: z.int().min(0).default(1_000_000),
  /** Days for which they stay at most. */
  hotDays: z.int().min(1).max(36_500).default(90),
  /** Size of the database in bytes beyond which nothing is appended: D1 ends at 10 GB, and what was signed must still be readable. */
  databaseBytes: z.int().min(1).default(9_000_000_000),
  /** Pause between two published checkpoints. */
  publishSeconds: z.int().min(1).max(86_400).default(60),
  /** Addresses that each published checkpoint is sent to. */
  publishTo: z.array(z.string().max(LIMITS.httpUrlChars)).max(LIMITS.publishPlaces).default([]),
  /** Allows addresses of this machine without TLS. */
  development: z.boolean().default(false),
});
export type LogKeeping = z.infer<typeof LogKeeping>;

let parsed: { readonly text: string; readonly keeping: Result<LogKeeping> } | undefined;

/** The settings in a text; not-running where it is none, or names an address that is not allowed. */
export function keepingOf(text: string | undefined): Result<LogKeeping> {
  const source = text === undefined || text === "" ? "{}" : text;
  if (parsed?.text !== source) parsed = { text: source, keeping: read(source) };
  return parsed.keeping;
}

function read(text: string): Result<LogKeeping> {
  const value = parseStrictJson(text);
  const keeping = LogKeeping.safeParse(value.ok ? value.value : null);
  if (!keeping.success) return refuse("LOG_KEEPING does not have its documented shape");
  const refused = keeping.data.publishTo.find((address) => !isAllowed(address, keeping.data.development));
  return refused === undefined
    ? ok(keeping.data)
    : refuse(`LOG_KEEPING.publishTo names ${shownAddress(refused)}, which is not an https address without credentials`);
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

function isAllowed(address: string, development: boolean): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (development && protocol === "http:" && LOOPBACK.has(hostname));
}

const refuse = (detail: string) => err(problem("not-running", `The ledger is not configured: ${detail}.`));
