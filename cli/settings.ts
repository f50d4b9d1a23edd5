/**
 * Which server, with which keys, trusting whom.
 *
 *   address   --url, COUNTERSIGN_URL, else the one in .countersign/dev.json
 *   API key   --key, COUNTERSIGN_KEY, else the weakest sufficient one of .countersign/dev.json
 *   trust     --trust, COUNTERSIGN_TRUST, else .countersign/dev.json, else what --trust-on-first-use wrote
 *
 * Development keys are for the development server: they are never sent to another address.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { TenantId } from "../shared/ids.ts";
import { PrivateJwk } from "../shared/keys.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { Trust } from "../shared/trust.ts";
import { UsageError } from "./exits.ts";

export const ROLES = ["app", "agent", "approver", "operator", "auditor", "admin"] as const;
export type Role = (typeof ROLES)[number];

const Person = z.object({ member: z.string(), key: PrivateJwk });
/** The part of `.countersign/dev.json` that is used here. */
export const DevFile = z.object({
  url: z.string(),
  tenant: TenantId,
  apiKeys: z.partialRecord(z.enum(ROLES), z.string()),
  rootKey: PrivateJwk.optional(),
  approver: Person.optional(),
  admin: Person.optional(),
  trust: Trust.optional(),
});
export type DevFile = z.infer<typeof DevFile>;

export const FOLDER = ".countersign";
const DEV_FILE = "dev.json";
const FIRST_USE_FILE = "trust.json";

export type Options = {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly tenant?: string | undefined;
  readonly trust?: string | undefined;
};
type Environment = { readonly [name: string]: string | undefined };

export type PinnedTrust = { readonly trust: Trust; readonly from: string };

export class Settings {
  readonly #url: string | null;
  /** Set where the development keys are those of this server. */
  readonly dev: DevFile | null;
  readonly #options: Options;
  readonly #env: Environment;
  /** The project's folder: where `.countersign` stands, or would stand. */
  readonly #home: string;

  constructor(options: Options, env: Environment, folder: string) {
    this.#options = options;
    this.#env = env;
    this.#home = homeFrom(folder);
    const dev = readDevFile(path.join(this.#home, FOLDER, DEV_FILE));
    const url = options.url ?? env["COUNTERSIGN_URL"] ?? dev?.url;
    this.#url = url === undefined || url === "" ? null : url.replace(/\/+$/, "");
    this.dev = dev !== null && this.#url !== null && sameServer(this.#url, dev.url) ? dev : null;
  }

  /** Throws a UsageError where no address is known. */
  get url(): string {
    if (this.#url === null)
      throw new UsageError("No address: start a server with `npm start`, or give --url (or COUNTERSIGN_URL).");
    return this.#url;
  }

  /** The key given for this call, else the development key of the first role that has one. */
  apiKey(roles: readonly Role[]): Result<string> {
    const given = this.#options.key ?? this.#env["COUNTERSIGN_KEY"];
    if (given !== undefined && given !== "") return ok(given);
    const found = roles.map((role) => this.dev?.apiKeys[role]).find((key) => key !== undefined);
    return found === undefined
      ? err(
          problem(
            "unauthenticated",
            `No API key for ${this.url}: give --key (or COUNTERSIGN_KEY) of a role such as ${roles[0]}.`,
          ),
        )
      : ok(found);
  }

  /** The tenant where it is known without asking. */
  get tenant(): string | null {
    return this.#options.tenant ?? this.dev?.tenant ?? null;
  }

  get firstUseFile(): string {
    return path.join(this.#home, FOLDER, FIRST_USE_FILE);
  }

  /** The pinned trust, with the place that it comes from; null where nothing is pinned for this server. Throws a UsageError for a file that is none. */
  pinnedTrust(): PinnedTrust | null {
    const named = this.#options.trust ?? this.#env["COUNTERSIGN_TRUST"];
    if (named !== undefined && named !== "") return { trust: readTrust(named), from: named };
    if (this.dev?.trust !== undefined) return { trust: this.dev.trust, from: `${FOLDER}/${DEV_FILE}` };
    return existsSync(this.firstUseFile)
      ? { trust: readTrust(this.firstUseFile), from: `${FOLDER}/${FIRST_USE_FILE} (first use)` }
      : null;
  }
}

/** The nearest folder upwards that holds `.countersign`; the starting folder where there is none. */
function homeFrom(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, FOLDER))) return at;
    if (path.dirname(at) === at) return folder;
  }
}

function readDevFile(file: string): DevFile | null {
  if (!existsSync(file)) return null;
  const parsed = DevFile.safeParse(jsonIn(file));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is not a file of development keys (at /${parsed.error.issues[0]!.path.join("/")}).`);
}

/** A trust configuration: alone in its file, or under `trust` as in dev.json. */
export function readTrust(file: string): Trust {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const value = jsonIn(file);
  const inner = typeof value === "object" && value !== null && "trust" in value ? value.trust : value;
  const parsed = Trust.safeParse(inner);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is not a trust configuration (at /${parsed.error.issues[0]!.path.join("/")}).`);
}

export function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new UsageError(`${file} is not readable as JSON.`);
  }
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The same scheme, host and port; the names of this machine are one. */
export function sameServer(a: string, b: string): boolean {
  const [left, right] = [parseUrl(a), parseUrl(b)];
  if (left === null || right === null || left.protocol !== right.protocol || left.port !== right.port) return false;
  return left.hostname === right.hostname || (LOOPBACK.has(left.hostname) && LOOPBACK.has(right.hostname));
}

const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);
