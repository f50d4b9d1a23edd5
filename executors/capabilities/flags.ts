/**
 * Feature flags that live in the executor: whether something is on, and for which share of its users. Reading the flag, deciding and
 * changing it are one transaction. A flag that was never set is off.
 *
 * A flag lives in one shard: the release of an automation about flags says `home: /flag` (shared/release.ts).
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Json } from "../../shared/json.ts";
import { ok } from "../../shared/result.ts";
import type { ReadRecord, ResidentDefinition } from "../adapters/resident.ts";
import { boolean, count, object } from "./schemas.ts";

type Flag = { readonly on: boolean; readonly percent: number };
const COLLECTION = "flags";
const NEVER_SET: Flag = { on: false, percent: 0 };

const flag: CapabilityContract["input"] = { type: "string", pattern: "^[a-z][a-z0-9-]{0,63}$" };
const percent: CapabilityContract["input"] = {
  type: "integer",
  minimum: 0,
  maximum: 100,
  description: "Share of users for whom it is on.",
};

const stored = (read: ReadRecord, name: string): Flag & { readonly version: number; readonly exists: boolean } => {
  const { version, value } = read(COLLECTION, name);
  return { ...((value as Flag | null) ?? NEVER_SET), version, exists: value !== null };
};
const inWords = ({ on, percent: share }: Flag): string => (on ? `on for ${share} %` : "off");

export const getFlag: ResidentDefinition<{ readonly flag: string }> = {
  contract: {
    name: "flags.get",
    version: "1.0.0",
    summary: "Reads a feature flag.",
    input: object({ flag }),
    output: object({ flag, on: boolean, percent, version: count }),
    risk: "low",
    effect: "read",
    reversible: true,
    delivery: "resident",
    roles: {},
    tags: ["flag:{flag}"],
  },
  answer: ({ flag: name }, read) => {
    const { on, percent: share, version } = stored(read, name);
    return ok({ flag: name, on, percent: share, version });
  },
};

export const setFlag: ResidentDefinition<{ readonly flag: string; readonly on: boolean; readonly percent: number }> = {
  contract: {
    name: "flags.set",
    version: "1.0.0",
    summary: "Turns a feature flag on or off, for a share of the users.",
    input: object({ flag, on: boolean, percent }),
    output: object({ flag, on: boolean, percent, wasOn: boolean, wasPercent: percent, version: count }),
    preview: object({ exists: boolean, on: boolean, percent, widens: boolean }),
    observe: object({ on: boolean, percent, version: count }),
    risk: "medium",
    effect: "write",
    reversible: true,
    delivery: "resident",
    roles: { target: ["flag"] },
    tags: ["flag:{flag}"],
    undo: {
      capability: "flags.set",
      args: { flag: { $arg: "flag" }, on: { $result: "/wasOn" }, percent: { $result: "/wasPercent" } },
    },
  },
  leaves: (_, result) => {
    const { flag: name, version } = result as { flag: string; version: number };
    return [{ resource: `${COLLECTION}/${name}`, version }];
  },
  observe: ({ flag: name }, read) => {
    const { on, percent: share, version } = stored(read, name);
    return { on, percent: share, version };
  },
  plan: ({ flag: name, on, percent: share }, read) => {
    const now = stored(read, name);
    const next: Flag = { on, percent: share };
    const reach = (one: Flag): number => (one.on ? one.percent : 0);
    return ok({
      preview: { exists: now.exists, on: now.on, percent: now.percent, widens: reach(next) > reach(now) },
      summary: `Turn the flag ${name} ${inWords(next)}.`,
      changes: [{ what: `flag ${name}`, from: inWords(now), to: inWords(next) }],
      writes: [{ collection: COLLECTION, id: name, value: next as unknown as Json }],
      result: { flag: name, on, percent: share, wasOn: now.on, wasPercent: now.percent, version: now.version + 1 },
    });
  },
};
