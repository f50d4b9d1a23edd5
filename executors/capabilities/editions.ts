/**
 * Editions of a newsletter, in the executor's own storage: one record of the edition and one for the text in each language, all at home where the
 * edition is. An edition is staged, then approved as a whole, and never changes after that.
 *
 * E1  What was approved is what was staged: the approval names the digest over all texts and terms.
 * E2  An approved edition is not staged again: what is read from it later is what people saw.
 * E3  Nothing is staged that does not keep to the terms it comes with (shared/terms.ts).
 */
import { digestOf } from "../../shared/canonical.ts";
import type { Json } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Term } from "../../shared/terms.ts";
import type { ReadRecord } from "../adapters/resident.ts";
import type { ResidentWrite } from "../adapters/resident-records.ts";
import { list, object, personal, text } from "./schemas.ts";

export type EditionText = { readonly language: string; readonly title: string; readonly body: string };
export type Edition = {
  readonly state: "staged" | "approved";
  readonly source: string;
  readonly languages: readonly string[];
  readonly digest: string;
  readonly terms: readonly Term[];
};

/** Texts of one edition. */
export const MOST_LANGUAGES = 4;
/** Terms that one edition comes with: they stand in the signed plan. */
const MOST_TERMS = 40;
export const edition = {
  type: "string",
  pattern: "^[a-z][a-z0-9]{0,19}-\\d{4}-w\\d{2}$",
  "x-id": true,
  description: "Newsletter, year and week: weekly-2026-w47.",
} as const;
export const language = { type: "string", pattern: "^[a-z]{2}(?:-[a-z]{2})?$" } as const;
export const digest = { type: "string", pattern: "^sha256:[0-9a-f]{64}$" } as const;
export const languages = list(language, MOST_LANGUAGES, { minItems: 1 });
/** Committed to as personal values are: a text before its publication, which may name people, does not stand in the record. */
export const title = personal(text(200, { minLength: 1 }));
export const body = personal(text(6_000, { minLength: 1, description: "Markdown." }));
export const texts = list(object({ language, title, body }), MOST_LANGUAGES, { minItems: 1 });
const phrase = text(80, { minLength: 2 });
const phrases = list(phrase, 12);
const wording = { ...object({ language, use: phrase, forms: phrases, avoid: phrases }), required: ["language", "use"] };
export const terms = list(
  { ...object({ term: phrase, forms: phrases, avoid: phrases, in: list(wording, 12) }), required: ["term", "in"] },
  MOST_TERMS,
);

const EDITIONS = "editions";
const textsIn = (tag: string): string => `edition-texts-${tag}`;

/** The edition with its texts; null where there is none. */
export function editionAt(read: ReadRecord, id: string): { edition: Edition; texts: EditionText[] } | null {
  const { value } = read(EDITIONS, id);
  if (value === null) return null;
  const found = value as unknown as Edition;
  return {
    edition: found,
    texts: found.languages.map((tag) => ({
      language: tag,
      ...(read(textsIn(tag), id).value as { title: string; body: string }),
    })),
  };
}

export const recordOf = (id: string, value: Edition): ResidentWrite => ({
  collection: EDITIONS,
  id,
  value: value as unknown as Json,
});

/** Writes of the texts; those of languages that are there no more are deleted. Reads what it writes. */
export function textWrites(
  read: ReadRecord,
  id: string,
  now: readonly EditionText[],
  before: readonly EditionText[],
): ResidentWrite[] {
  const gone = before.filter(({ language: tag }) => !now.some((one) => one.language === tag));
  for (const { language: tag } of now) read(textsIn(tag), id);
  return [
    ...now.map(({ language: tag, title: heading, body: words }) => ({
      collection: textsIn(tag),
      id,
      value: { title: heading, body: words },
    })),
    ...gone.map(({ language: tag }) => ({ collection: textsIn(tag), id, value: null })),
  ];
}

export const digestOfEdition = (
  id: string,
  { source, terms: used }: Pick<Edition, "source" | "terms">,
  all: readonly EditionText[],
) => digestOf({ edition: id, source, texts: all, terms: used } as unknown as Json);

/** An expected refusal of this domain. */
export const refused = (reason: string, why: string, more: { readonly [name: string]: Json } = {}): Result<never> =>
  err(problem("effect-refused", why, { reason, ...more }));
export const found = <T>(value: T | null): Result<T> =>
  value === null ? err(problem("not-found", "There is no such edition here.", { what: "edition" })) : ok(value);
