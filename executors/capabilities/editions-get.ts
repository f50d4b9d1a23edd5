/**
 * Reading an approved edition. Its texts are the tenant's own words from then on, whoever wrote them: a person approved each of them. Before that
 * nothing is read, so that no plan can publish what nobody approved as if somebody had.
 */
import { ok } from "../../shared/result.ts";
import type { ResidentDefinition } from "../adapters/resident.ts";
import { digest, edition, editionAt, found, refused, texts } from "./editions.ts";
import { object, trusted } from "./schemas.ts";

export const getEdition: ResidentDefinition<{ readonly edition: string }> = {
  contract: {
    name: "editions.get",
    version: "1.0.0",
    summary: "Reads the texts of an approved edition.",
    input: object({ edition }),
    output: trusted(object({ edition, digest, texts })),
    risk: "low",
    effect: "read",
    reversible: true,
    delivery: "resident",
    roles: { target: ["edition"] },
    tags: ["edition:{edition}"],
  },
  answer: ({ edition: id }, read) => {
    const one = found(editionAt(read, id));
    if (!one.ok) return one;
    const { edition: now, texts: all } = one.value;
    return now.state === "approved"
      ? ok({ edition: id, digest: now.digest, texts: all })
      : refused("not-approved", "Nobody has approved this edition yet.");
  },
};
