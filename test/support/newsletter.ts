/**
 * The world of a newsletter: two platforms on localhost that count what they published, a model that does not keep to its words on purpose, and
 * the house's terminology.
 *
 * The platforms keep `Idempotency-Key`: a repeated key gets its first answer. What they did is counted by platform, edition and language.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Term } from "../../shared/terms.ts";
import type { ModelReply, ModelRequest } from "./model-server.ts";

export type Published = {
  readonly platform: "website" | "mailing";
  readonly language: string;
  readonly title: string;
  readonly body: string;
};
export type Platforms = {
  readonly origin: string;
  /** `website weekly-2026-w47 de` → every publication there was; more than one is one too many. */
  readonly published: () => ReadonlyMap<string, readonly Published[]>;
  readonly withdrawn: () => readonly string[];
  /** What one of them answers to a text instead of publishing it; null: publishes. */
  readonly refuse: (fault: (platform: string, language: string) => number | null) => void;
  readonly close: () => Promise<void>;
};

export async function startPlatforms(): Promise<Platforms> {
  const published = new Map<string, Published[]>();
  const withdrawn: string[] = [];
  const answers = new Map<string, string>();
  let fault: (platform: string, language: string) => number | null = () => null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status: number, body?: string) =>
        void response.writeHead(status, { "content-type": "application/json" }).end(body);
      const key = String(request.headers["idempotency-key"]);
      const known = answers.get(key);
      if (known !== undefined) return answer(201, known);
      const [, , what, ...rest] = request.url!.split("/");
      if (request.method === "DELETE") {
        withdrawn.push(rest[0]!);
        return answer(204);
      }
      const said = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const isPage = what === "pages";
      const [edition, language] = isPage ? rest : [said.edition, said.list];
      const platform = isPage ? "website" : "mailing";
      const refused = fault(platform, language!);
      if (refused !== null) return answer(refused, "{}");
      const name = `${platform} ${edition} ${language}`;
      const one: Published = { platform, language: language!, title: said.title ?? said.subject, body: said.body };
      published.set(name, [...(published.get(name) ?? []), one]);
      const id = `${edition}.${language}.${published.get(name)!.length}`;
      const body = JSON.stringify(isPage ? { pageId: id } : { letterId: id });
      answers.set(key, body);
      answer(201, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    published: () => published,
    withdrawn: () => withdrawn,
    refuse: (next) => void (fault = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const word = (term: string, avoid: string, de: string, fr: string, es: string): Term => ({
  term,
  avoid: [avoid],
  in: [
    { language: "de", use: de },
    { language: "fr", use: fr },
    { language: "es", use: es },
  ],
});
export const TERMS: readonly Term[] = [
  {
    ...word("audit trail", "audit log", "Prüfpfad", "piste d'audit", "registro de auditoría"),
    forms: ["audit trails"],
  },
  word("countersignature", "co-signature", "Gegenzeichnung", "contreseing", "refrendo"),
  word("release", "rollout", "Freigabe", "version publiée", "versión publicada"),
];

/** What a model without a terminology would also say, in turn: the point of the exercise. */
const VARIANTS: { readonly [language: string]: readonly string[] } = {
  de: ["Protokoll", "Audit-Log", "Nachweis"],
  fr: ["journal", "trace", "historique"],
  es: ["bitácora", "traza", "historial"],
};

/**
 * A model that varies: in its first answer about a section, each term is said in another way; in a repair it keeps to the terminology that it was
 * given. A stubborn one never does.
 */
export function variedModel(isStubborn = false): (asked: ModelRequest) => ModelReply {
  let turn = 0;
  return ({ text }) => {
    const isRepair = text.includes("Your last answer was not usable") && !isStubborn;
    turn++;
    const languages = /^Translate one section from the language \S+ into: (.+?)\./m.exec(text)?.[1]?.split(", ");
    const lines = [...text.matchAll(/^\| (.*)$/gm)].map(([, line]) => line!);
    if (languages === undefined) {
      const notes = lines[0]!;
      const said = isRepair ? notes : notes.replaceAll("audit trail", "audit log").replaceAll("release", "rollout");
      return { content: { heading: said.split(".")[0]!.slice(0, 60), text: said } };
    }
    // The first fence holds the section; in a repair a second one holds the last answer.
    const [heading, , words] = lines;
    const translated = languages.map((language) => {
      const say = (from: string) =>
        TERMS.reduce((left, { term, in: wordings }, i) => {
          const { use } = wordings.find((one) => one.language === language)!;
          const variants = VARIANTS[language]!;
          return left.replaceAll(new RegExp(term, "gi"), isRepair ? use : variants[(turn + i) % variants.length]!);
        }, from);
      return [language, { heading: `${language}: ${say(heading!)}`, text: `${language}: ${say(words!)}` }] as const;
    });
    return { content: Object.fromEntries(translated) };
  };
}
