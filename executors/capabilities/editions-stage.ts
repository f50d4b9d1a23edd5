/** Staging an edition: all its texts are put side by side, checked against the terms that they come with, and wait to be approved. */
import { faultInWords, faultsOfSource, faultsOfTranslation, type Term } from "../../shared/terms.ts";
import { ok } from "../../shared/result.ts";
import type { ResidentDefinition } from "../adapters/resident.ts";
import {
  digest,
  digestOfEdition,
  edition,
  editionAt,
  type EditionText,
  language,
  languages,
  recordOf,
  refused,
  terms,
  texts,
  textWrites,
} from "./editions.ts";
import { boolean, count, object } from "./schemas.ts";

type Args = {
  readonly edition: string;
  readonly source: string;
  readonly texts: readonly EditionText[];
  readonly terms: readonly Term[];
};

export const stageEdition: ResidentDefinition<Args> = {
  contract: {
    name: "editions.stage",
    version: "1.0.0",
    summary: "Stages the texts of an edition in all its languages; they are published once the edition is approved.",
    input: object({ edition, source: language, texts, terms }),
    output: object({ edition, digest, languages }),
    preview: object({ languages: count, terms: count, replaces: boolean }),
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "resident",
    roles: { target: ["edition"] },
    tags: ["edition:{edition}"],
  },
  plan: ({ edition: id, source, texts: all, terms: used }, read) => {
    const before = editionAt(read, id);
    if (before?.edition.state === "approved")
      return refused("already-approved", "This edition is approved; what people approved is not changed.");
    const tags = all.map((one) => one.language);
    const original = all.find((one) => one.language === source);
    if (original === undefined || new Set(tags).size !== tags.length)
      return refused("languages", "There is one text for each language, that of the source among them.");
    const faults = all.flatMap((one) =>
      one === original
        ? faultsOfSource(source, wordsOf(one), used)
        : faultsOfTranslation(wordsOf(original), { language: one.language, text: wordsOf(one) }, used),
    );
    const [first] = faults;
    if (first !== undefined)
      return refused("terms-violated", "A text does not keep to the terms.", {
        faults: faults.length,
        first: faultInWords(first),
      });
    const next = { state: "staged", source, languages: tags, terms: used } as const;
    const named = digestOfEdition(id, next, all);
    return ok({
      preview: { languages: tags.length, terms: used.length, replaces: before !== null },
      summary: `Stage the edition ${id} in ${tags.join(", ")}.`,
      changes: all.map((one) => ({
        what: `${id} in ${one.language}`,
        from: before?.texts.find((old) => old.language === one.language)?.title ?? null,
        to: one.title,
      })),
      writes: [recordOf(id, { ...next, digest: named }), ...textWrites(read, id, all, before?.texts ?? [])],
      result: { edition: id, digest: named, languages: tags },
    });
  },
};

const wordsOf = ({ title, body }: EditionText): string => `${title}\n\n${body}`;
