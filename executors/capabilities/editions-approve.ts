/**
 * Approving a staged edition: one decision over all of its languages, whose texts stand in full in what the reviewer is shown. The digest names
 * what is approved, and the edition does not change after it.
 */
import { ok } from "../../shared/result.ts";
import type { Wording } from "../../shared/terms.ts";
import type { ResidentDefinition } from "../adapters/resident.ts";
import { digest, edition, editionAt, found, languages, recordOf, refused } from "./editions.ts";
import { count, object } from "./schemas.ts";

export const approveEdition: ResidentDefinition<{ readonly edition: string; readonly digest: string }> = {
  contract: {
    name: "editions.approve",
    version: "1.0.0",
    summary: "Approves a staged edition for publication, in all its languages at once.",
    input: object({ edition, digest }),
    output: object({ edition, digest, languages }),
    preview: object({ languages, terms: count }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "resident",
    roles: { target: ["edition"] },
    tags: ["edition:{edition}"],
  },
  plan: ({ edition: id, digest: named }, read) => {
    const staged = found(editionAt(read, id));
    if (!staged.ok) return staged;
    const { edition: now, texts } = staged.value;
    if (now.digest !== named) return refused("moved", "Something else is staged under this edition now.");
    if (now.state === "approved") return refused("already-approved", "This edition is approved already.");
    return ok({
      preview: { languages: [...now.languages], terms: now.terms.length },
      summary: `Approve the edition ${id} for publication in ${now.languages.join(", ")}.`,
      changes: [
        ...texts.map(({ language, title, body }) => ({ what: `${language}: ${title}`, from: null, to: body })),
        ...now.terms.map(({ term, in: wordings }) => ({
          what: `term ${term}`,
          from: null,
          to: wordings.map(said).join("; ") || now.source,
        })),
      ],
      writes: [recordOf(id, { ...now, state: "approved" })],
      result: { edition: id, digest: named, languages: [...now.languages] },
    });
  },
};

/** Every form that counts as the term: one that is not shown could be any word. */
const said = ({ language, use, forms = [] }: Wording): string => `${language}: ${[use, ...forms].join(" / ")}`;
