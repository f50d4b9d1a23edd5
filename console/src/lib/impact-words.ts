/** What touched a record, in words that whoever owns the record follows. Pure. */
import type { CapabilityPage, Dependence, Touch } from "../../../shared/api.ts";

/** What each capability does, in its contract's sentence. */
export const summariesOf = (page: CapabilityPage | null): ReadonlyMap<string, string> =>
  new Map((page?.capabilities ?? []).map(({ contract: { name, summary } }) => [name, summary]));

/** Kinds of records that contracts name: `order`, `customer`. */
export const kindsOf = (page: CapabilityPage | null): readonly string[] =>
  [
    ...new Set(
      (page?.capabilities ?? []).flatMap(({ contract: { tags } }) =>
        tags.flatMap((tag) => /^([a-z][a-z0-9_-]*):/.exec(tag)?.[1] ?? []),
      ),
    ),
  ].toSorted();

/** `order:#W4219` → `order` and `#W4219`; a tag without a kind is all name. */
export function recordParts(tag: string): { readonly kind: string | null; readonly name: string } {
  const at = tag.indexOf(":");
  return at <= 0 ? { kind: null, name: tag } : { kind: tag.slice(0, at), name: tag.slice(at + 1) };
}

/** What somebody typed as the name of a record; null where it is none. */
export const wantedRecord = (text: string): string | null => {
  const trimmed = text.trim();
  return /^[^\s:]+:\S/.test(trimmed) ? trimmed : null;
};

/** What an action had to do with `record`. `other`: it was another record, which concerns this one. */
export function relationOf({ how, record }: Touch, asked: string): { readonly verb: string; readonly other: boolean } {
  return { verb: how === "read" ? "only read" : "changed", other: record !== asked };
}

const LATER: { readonly [status: string]: string } = {
  in_doubt: "Nobody knows yet whether it happened.",
  undoing: "It is being taken back.",
  reversed: "It was taken back later, because somebody asked for it.",
  compensated: "It was taken back later, because its task failed.",
  undo_in_doubt: "Nobody knows yet whether it was taken back.",
  failed: "It did not happen, as was found out later.",
};

/** What became of it since; null where it stands as it was done. */
export const laterOf = ({ status }: Touch): string | null => LATER[status] ?? null;

export type Reached = { readonly through: string; readonly depth: number; readonly actions: readonly Dependence[] };

/** Actions by the record through which they depend, nearest first. */
export function byRecord(depended: readonly Dependence[]): readonly Reached[] {
  const groups = new Map<string, Dependence[]>();
  for (const one of depended) {
    const key = `${one.depth} ${one.through}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((actions) => ({
    through: actions[0]!.through,
    depth: actions[0]!.depth,
    actions,
  }));
}
