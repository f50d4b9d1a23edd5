/** What a command is: arguments, words for its help, and a function that answers with a value and its text. */
import type { ArgsDef } from "citty";
import { createClient, type Client } from "../shared/client.ts";
import type { Result } from "../shared/result.ts";
import type { Exit } from "./exits.ts";
import type { Platform } from "./platform.ts";
import type { Role, Settings } from "./settings.ts";

/** What a command found: `json` with `--json`, `text` otherwise. */
export type Answer = {
  readonly json: unknown;
  readonly text: string;
  readonly exit?: Exit;
};

export type Arguments = {
  readonly text: (name: string) => string | undefined;
  /** Throws a UsageError where it is missing. */
  readonly required: (name: string) => string;
  readonly flag: (name: string) => boolean;
  /** A number from 0; throws a UsageError for anything else. */
  readonly count: (name: string) => number | undefined;
  /** Positional arguments after the named ones. */
  readonly rest: readonly string[];
};

export type Call = {
  readonly args: Arguments;
  readonly settings: Settings;
  readonly platform: Platform;
  readonly json: boolean;
  /** A client with the weakest sufficient key; fails with `unauthenticated` where there is none. */
  readonly client: (...roles: readonly Role[]) => Result<Client>;
  /** The tenant, asked of the server where the settings do not say. */
  readonly tenant: (client: Client) => Promise<Result<string>>;
  /** Prints at once, for commands that follow something. Coloured text, or with --json one JSON value on a line. */
  readonly print: (text: string, json: unknown) => void;
  /** A remark beside the answer; goes to standard error. */
  readonly note: (text: string) => void;
};

export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly args: ArgsDef;
  /** Takes further positional arguments, under this name in the help. */
  readonly rest?: string;
  readonly examples: readonly string[];
  readonly run: (call: Call) => Promise<Result<Answer>>;
};

export const clientOf = (settings: Settings, platform: Platform, key: string | null): Client =>
  createClient({ baseUrl: settings.url, key, fetch: platform.fetch });
