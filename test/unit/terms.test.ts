import { expect, it } from "vitest";
import { faultInWords, faultsOfSource, faultsOfTranslation, termsIn, type Term } from "../../shared/terms.ts";

const TRAIL: Term = {
  term: "audit trail",
  forms: ["audit trails"],
  avoid: ["audit log"],
  in: [
    { language: "de", use: "Prüfpfad", forms: ["Prüfpfade", "Prüfpfads"], avoid: ["Audit-Trail", "Pfad"] },
    { language: "fr", use: "piste d'audit", forms: ["pistes d'audit"] },
    { language: "ja", use: "監査証跡" },
  ],
};
const AUDIT: Term = { term: "audit", in: [{ language: "de", use: "Prüfung" }] };
const of = (language: string, source: string, text: string, terms: readonly Term[] = [TRAIL]) =>
  faultsOfTranslation(source, { language, text }, terms).map(({ term, why }) => `${term}: ${why}`);

it("a term stands in a translation as often as in the source, in any of its forms", () => {
  const source = "The audit trail is new. Audit trails never lie.";
  expect(of("de", source, "Der Prüfpfad ist neu. Prüfpfade lügen nie.")).toEqual([]);
  expect(of("de", source, "Der Prüfpfad ist neu. Protokolle lügen nie.")).toEqual(["audit trail: missing"]);
  expect(of("ja", "the audit trail", "新しい監査証跡です。")).toEqual([]);
  // No word is known there, so nothing is asked.
  expect(of("es", source, "Una pista nueva.")).toEqual([]);
});

it("words to avoid stand nowhere, in the source neither", () => {
  expect(of("de", "the audit trail", "Der Prüfpfad, auch Audit-Trail genannt.")).toEqual(["audit trail: avoided"]);
  expect(of("de", "no term here", "Ein Pfad durch den Wald.")).toEqual(["audit trail: avoided"]);
  expect(faultsOfSource("en", "Our audit log.", [TRAIL]).map(faultInWords)).toEqual([
    'en: write "audit trail" where it says "audit log"',
  ]);
});

it("longer phrases are read first: a part of a term is no term", () => {
  const both = [AUDIT, TRAIL];
  expect(of("de", "the audit trail", "der Prüfpfad", both)).toEqual([]);
  expect(of("de", "the audit of the audit trail", "die Prüfung des Prüfpfads", both)).toEqual([]);
  expect(of("de", "the audit of the audit trail", "des Prüfpfads", both)).toEqual(["audit: missing"]);
  expect(termsIn("An audit trail.", both)).toEqual([TRAIL]);
});

it("parts of words are no words, and spelling that nobody sees changes nothing", () => {
  expect(termsIn("The audit trailer, the reaudit trail", [TRAIL])).toEqual([]);
  expect(of("fr", "AUDIT\u00A0TRAIL", "La piste d’audit")).toEqual([]);
  for (const hidden of ["Audit\u00ADTrail", "Audit\u2011Trail", "Au\u200Bdit-Trail", "ＡＵＤＩＴ-Trail"])
    expect(of("de", "nothing", hidden.replace("\u00AD", "-\u00AD"))).toEqual(["audit trail: avoided"]);
  expect(of("de", "the audit trail", "der Pru\u0308fpfad")).toEqual([]);
});

it("a word cannot be hidden in what is not shown, and a use that is not shown is none", () => {
  const hidden = [
    "Audit\u034F-Trail", // combining grapheme joiner
    "Au\u202Ddit-Trail", // direction override
    "Audit\u2063-Trail", // invisible separator
    "Audit\uFE0F-Trail", // variation selector
    "Au\u{E0061}dit-Trail", // tag letter
    "Au&shy;dit-Trail",
    "&#65;udit-&#x54;rail",
    "Au**dit**-Trail",
    "Audit\\-Trail",
    "Au<!-- - -->dit-<b>Trail</b>",
    "[Au](https://a.example)dit-Trail",
    "_Audit_-Trail",
    "<!-- Audit-Trail -->",
  ];
  for (const text of hidden) expect([text, of("de", "nothing", text)]).toEqual([text, ["audit trail: avoided"]]);
  for (const text of ["<!-- Prüfpfad -->", "[hier](https://Prüfpfad)", '<a title="Prüfpfad">'])
    expect([text, of("de", "the audit trail", text)]).toEqual([text, ["audit trail: missing"]]);
  expect(of("de", "the audit **trail**", "der _Prüfpfad_")).toEqual([]);
  expect(termsIn("audit_trail", [TRAIL])).toEqual([]);
});

it("as many words as a plan can hold are looked for in the longest text at once, whatever it is", () => {
  const phrases = (name: string) => Array.from({ length: 12 }, (_, i) => "a".repeat(i + 2) + name);
  const terms = Array.from({ length: 40 }, (_, i): Term => {
    const name = i % 2 === 0 ? "" : String(i);
    return {
      term: `aa${name}`,
      forms: phrases(name),
      avoid: phrases(`${name}b`),
      in: [{ language: "de", use: `aa${name}`, forms: phrases(name), avoid: phrases(`${name}b`) }],
    };
  });
  const begin = performance.now();
  for (const text of ["a".repeat(6_000), "aa ".repeat(2_000), "<!--".repeat(1_500), "[](".repeat(2_000)])
    of("de", text, text, terms);
  // Some 0.1 s; a search that goes back over what it read takes minutes.
  expect(performance.now() - begin).toBeLessThan(20_000);
});
