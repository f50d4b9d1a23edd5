/**
 * Terminology: which word a term has in each language, and whether texts keep to it. Pure; whoever writes texts and whoever stages them ask the
 * same functions, so that what passes in one plane passes in the other.
 *
 * T1  A term that stands in the source stands in the translation at least as often, in the words given for that language and in no others.
 * T2  A word that is to be avoided stands nowhere, not in the source either.
 * T3  Longer phrases are read first, and what was read once is not read again: `audit trail` is no use of `audit`.
 * T4  Spelling that nobody sees changes nothing: letter case, invisible characters, kinds of space, hyphen and apostrophe, marks of Markdown. What
 *     is not shown, such as a comment or the address of a link, counts as no use.
 */
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { plain, Searched, shown } from "./terms-text.ts";

/** `de`, `pt-br`. */
export const Language = z.string().regex(/^[a-z]{2}(?:-[a-z]{2})?$/);
const Phrase = z.string().min(2).max(80);
const Phrases = z.array(Phrase).max(12);

/** How one language says a term: the word, its other forms (plural, case, gender), and words that are not to be used for it. */
export const Wording = z.strictObject({
  language: Language,
  use: Phrase,
  forms: Phrases.optional(),
  avoid: Phrases.optional(),
});
export type Wording = z.infer<typeof Wording>;

/** A term of the source language, with its own other forms and words to avoid, and its words in other languages. */
export const Term = z.strictObject({
  term: Phrase,
  forms: Phrases.optional(),
  avoid: Phrases.optional(),
  in: z.array(Wording).max(12),
});
export type Term = z.infer<typeof Term>;
export const Terms = z.array(Term).max(LIMITS.terms);

export type TermFault = {
  readonly language: string;
  readonly term: string;
  /** What should stand there. */
  readonly use: string;
} & (
  | { readonly why: "missing"; readonly wanted: number; readonly found: number }
  | { readonly why: "avoided"; readonly word: string }
);

/** The terms that stand in a text of the source language. */
export function termsIn(source: string, terms: readonly Term[]): readonly Term[] {
  const counts = countIn(source, terms.map(inSource));
  return terms.filter((_, i) => counts[i]!.used > 0);
}

/** What a text in the source language does against T2. */
export function faultsOfSource(language: string, text: string, terms: readonly Term[]): readonly TermFault[] {
  return countIn(text, terms.map(inSource)).flatMap(({ avoided }, i) =>
    avoided.map((word) => ({ language, term: terms[i]!.term, use: terms[i]!.term, why: "avoided", word }) as const),
  );
}

/** What a translation does against T1 and T2. Terms without a word in its language ask nothing. */
export function faultsOfTranslation(
  source: string,
  translation: { readonly language: string; readonly text: string },
  terms: readonly Term[],
): readonly TermFault[] {
  const { language, text } = translation;
  const known = terms.flatMap((term) => {
    const wording = term.in.find((one) => one.language === language);
    return wording === undefined ? [] : [{ term, wording }];
  });
  // All terms are read in the source, so that one without a word here is not taken for a part of another (T3).
  const wantedByTerm = new Map(countIn(source, terms.map(inSource)).map(({ used }, i) => [terms[i]!, used] as const));
  const there = countIn(
    text,
    known.map(({ wording: { use, forms = [], avoid = [] } }) => ({ use: [use, ...forms], avoid })),
  );
  return known.flatMap(({ term, wording: { use } }, i): TermFault[] => {
    const { used, avoided } = there[i]!;
    const wanted = wantedByTerm.get(term)!;
    const of = { language, term: term.term, use };
    return [
      ...(used < wanted ? [{ ...of, why: "missing", wanted, found: used } as const] : []),
      ...avoided.map((word) => ({ ...of, why: "avoided", word }) as const),
    ];
  });
}

/** A fault in words that whoever writes again understands. */
export const faultInWords = (fault: TermFault): string =>
  fault.why === "avoided"
    ? `${fault.language}: write "${fault.use}" where it says "${fault.word}"`
    : `${fault.language}: "${fault.term}" is "${fault.use}", each time (${fault.wanted} wanted, ${fault.found} found)`;

type Said = { readonly use: readonly string[]; readonly avoid: readonly string[] };
const inSource = ({ term, forms = [], avoid = [] }: Term): Said => ({ use: [term, ...forms], avoid });

/** For each of `all`, how often it is used in a text as it is shown, and which words to avoid stand there, shown or not. T3. */
function countIn(text: string, all: readonly Said[]): { used: number; avoided: string[] }[] {
  const phrases = all
    .flatMap(({ use, avoid }, i) => [
      ...use.map((phrase) => ({ i, phrase, isUse: true })),
      ...avoid.map((phrase) => ({ i, phrase, isUse: false })),
    ])
    .map((one) => ({ ...one, words: plain(one.phrase).trim() }))
    .toSorted((a, b) => b.words.length - a.words.length || Number(b.isUse) - Number(a.isUse));
  const counts = all.map(() => ({ used: 0, avoided: new Set<string>() }));
  const read = shown(text);
  for (const form of read === text ? [read] : [read, text]) {
    const searched = new Searched(form);
    for (const { i, phrase, isUse, words } of phrases) {
      const found = searched.take(words);
      if (!isUse && found > 0) counts[i]!.avoided.add(phrase);
      if (isUse && form === read) counts[i]!.used += found;
    }
  }
  return counts.map(({ used, avoided }) => ({ used, avoided: [...avoided] }));
}
