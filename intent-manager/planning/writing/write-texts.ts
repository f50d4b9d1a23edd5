/**
 * The texts of an edition: each section is drafted in the source language and translated into the others, or taken from what was written before
 * from the same notes, prompt and terms. Sections are written side by side.
 */
import * as z from "zod";
import type { Json, JsonObject } from "../../../shared/json.ts";
import { valueAt } from "../../../shared/pointer.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { faultsOfSource, faultsOfTranslation, Language, termsIn, type Term } from "../../../shared/terms.ts";
import { askWriters, type Writer } from "./ask-writer.ts";
import type { By, Kept, KeptTexts, Passage } from "./kept-texts.ts";
import { draftPrompt, draftSchema, translationPrompt, translationSchema } from "./words.ts";

export type WrittenText = { readonly language: string; readonly title: string; readonly body: string };
export type WrittenEdition = {
  readonly texts: readonly WrittenText[];
  /** The terms that stand in the source, with their words in the languages of the edition. */
  readonly terms: readonly Term[];
  /** Who wrote what was used again. */
  readonly reused: readonly By[];
};
/** As many as a term can have words in. */
const MOST_LANGUAGES = 12;
const Section = z.object({ notes: z.string().min(1) });

export type Texts = Writer & { readonly kept: KeptTexts; readonly terms: readonly Term[] };

/** Refuses with what askWriters refuses with, and with plan-invalid where the input names nothing to write or no languages. */
export async function writeTexts(it: Texts, input: JsonObject): Promise<Result<WrittenEdition>> {
  const { writing } = it.release.bundle;
  const { source, languages, sections } = writing!;
  const tags = z
    .array(Language)
    .max(MOST_LANGUAGES)
    .safeParse(valueAt(input, languages) ?? []);
  const parts = z.array(Section).min(1).safeParse(valueAt(input, sections));
  // A contract may leave both open. A tag stands in the prompt outside of every fence.
  if (!tags.success || !parts.success)
    return err(problem("plan-invalid", "Sections with notes and tags of languages are wanted."));
  const others = [...new Set(tags.data)].filter((language) => language !== source);
  const all = parts.data;
  const written = await Promise.all(all.map(({ notes }) => writeSection(it, source, others, notes)));
  const failed = written.find((one) => !one.ok);
  if (failed !== undefined && !failed.ok) return failed;
  const done = written.flatMap((one) => (one.ok ? [one.value] : []));
  const every = [source, ...others];
  const texts = every.map((language) =>
    textOf(
      language,
      done.map(({ passages }) => passages.get(language)!),
    ),
  );
  const used = termsIn(wordsOf(texts[0]!), it.terms).map((term) => ({
    ...term,
    in: term.in.filter(({ language }) => every.includes(language)),
  }));
  return ok({ texts, terms: used, reused: done.flatMap(({ reused }) => reused) });
}

/** The first section's heading is the title; the others' stand above them. */
const textOf = (language: string, [first, ...rest]: readonly Passage[]): WrittenText => ({
  language,
  title: first!.heading,
  body: [first!.text, ...rest.map(({ heading, text }) => `## ${heading}\n\n${text}`)].join("\n\n"),
});
const wordsOf = ({ title, body }: WrittenText): string => `${title}\n\n${body}`;

type WrittenSection = { readonly passages: ReadonlyMap<string, Passage>; readonly reused: readonly By[] };

async function writeSection(
  it: Texts,
  source: string,
  others: readonly string[],
  notes: string,
): Promise<Result<WrittenSection>> {
  const { kept, terms, release } = it;
  const { prompt } = release.bundle.model!;
  const passages = new Map<string, Passage>();
  const reused: By[] = [];
  /** What is kept and still good, or else what a model writes. */
  const write = async (
    languages: readonly string[],
    from: (language: string) => Json,
    how: Pick<Parameters<typeof askWriters>[1], "prompt" | "schema" | "read" | "faults">,
  ): Promise<Problem | null> => {
    for (const language of languages) {
      const found = await quietly(kept.find(from(language)));
      if (found === null || how.faults(language, found.passage).length > 0) continue;
      passages.set(language, found.passage);
      reused.push(found.by);
    }
    const missing = languages.filter((language) => !passages.has(language));
    const taken = async (language: string, one: Kept) => {
      passages.set(language, one.passage);
      await quietly(kept.keep(from(language), one));
    };
    return missing.length === 0 ? null : askWriters(it, { ...how, languages: missing, taken });
  };

  const noted = terms.filter((term) => isAbout(term, notes));
  const drafted = await write(
    [source],
    () => ({ write: "draft", prompt, source, notes, terms: noted }) as unknown as Json,
    {
      prompt: () => draftPrompt(source, notes, noted),
      schema: () => draftSchema,
      read: (answer) => answer,
      faults: (language, passage) => faultsOfSource(language, wordsIn(passage), terms),
    },
  );
  if (drafted !== null) return err(drafted);
  const draft = passages.get(source)!;
  const used = termsIn(wordsIn(draft), terms);
  const from = (language: string) => {
    const said = used.map((term) => ({ ...term, in: term.in.filter((one) => one.language === language) }));
    return { write: "translation", prompt, source, language, ...draft, terms: said } as unknown as Json;
  };
  const translated = await write(others, from, {
    prompt: (languages) => translationPrompt(source, draft, languages, used),
    schema: translationSchema,
    read: (answer, language) => answer[language],
    faults: (language, passage) => faultsOfTranslation(wordsIn(draft), { language, text: wordsIn(passage) }, terms),
  });
  return translated === null ? ok({ passages, reused }) : err(translated);
}

/** Whether a term matters for notes: it stands there, or a word that it is to be said for. */
const isAbout = (term: Term, notes: string): boolean =>
  termsIn(notes, [{ ...term, forms: [...(term.forms ?? []), ...(term.avoid ?? [])] }]).length > 0;

const wordsIn = ({ heading, text }: Passage): string => `${heading}\n\n${text}`;

/** K2 of kept-texts.ts. */
const quietly = <T>(promise: Promise<T>): Promise<T | null> => promise.catch(() => null);
