/**
 * Invoice triage: 300 documents with templates, noise and a seed that the examples do not have, through the release as it ships; and what no document
 * may bring about, whatever it says. `npm run invoices` prints the figures.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { labelHere, mayFollow } from "../../shared/classifier/label.ts";
import { amountsIn } from "../../shared/classifier/reading/invoice/amounts.ts";
import { daysIn } from "../../shared/classifier/reading/invoice/dates.ts";
import { ibansIn } from "../../shared/classifier/reading/invoice/iban.ts";
import { INVOICE_READER } from "../../shared/classifier/reading/invoice/invoice.ts";
import type { ReaderSettings } from "../../shared/classifier/reading/schema.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { Desk, invoiceRelease } from "../invoices/desk.ts";
import { EXAMPLES_FILE, exampleLines } from "../invoices/examples.ts";
import { figuresOf, type Answer } from "../invoices/figures.ts";
import { unmet } from "../invoices/floors.ts";
import { baselineAnswers, productAnswers, TEST, trialOf } from "../invoices/run.ts";

const READS: ReaderSettings = {
  field: "/text",
  as: "invoice",
  labels: ["goods-invoice"],
  orders: "PO-######",
  own: ["DE811999123"],
};
const read = (text: string) => INVOICE_READER.read(text, READS).fields;
let release: CompiledRelease;
let answers: Answer[];
const trial = trialOf(TEST);
beforeAll(async () => {
  release = invoiceRelease();
  answers = await productAnswers(trial, release);
}, 300_000);

describe("300 documents that the examples do not know", () => {
  it("are read, labelled and routed above the floors and above regular expressions", () => {
    expect(unmet(figuresOf(answers), figuresOf(baselineAnswers(trial)))).toEqual([]);
  });

  it("never book an invoice to another account, a duplicate, or one without an order, alone", () => {
    const twisted = ["other-account", "no-account", "duplicate", "no-order", "other-amount", "does-not-add"];
    const booked = answers.filter(({ route, document }) => route === "book" && twisted.includes(document.twist));
    expect(booked).toEqual([]);
  });

  it("are not moved by instructions: what a document with some would do without them it does, or a person looks", async () => {
    const some = answers.filter(({ document }) => document.twist === "instructions");
    expect(some.length).toBeGreaterThan(5);
    expect(some.filter(({ route, document }) => route !== document.route && route !== "person")).toEqual([]);
  });
});

it("the shipped examples are what the generator writes", () => {
  expect(readFileSync(EXAMPLES_FILE, "utf8")).toBe(exampleLines());
});

describe("the reader", () => {
  it("reads amounts in every way they are written, and takes letters for the digits that they are", () => {
    const cents = (line: string) => amountsIn([line]).map((amount) => amount.cents);
    expect(["1,234.56", "1.234,56", "1 234,56", "1'234.56", "1234,56 €", "1.Z34,56", "l.234,S6"].map(cents)).toEqual([
      [123456],
      [123456],
      [123456],
      [123456],
      [123456],
      [],
      [123456],
    ]);
    expect(cents("VAT 19.00 % of 2026-03-05, weight 14 kg, -12.00")).toEqual([]);
  });

  it("reads days in figures and words, and says where day and month could be the other way round", () => {
    expect(daysIn("5. März 2026 · 2026-03-05 · 05/03/2026 · March 5, 2026 · 31.02.2026", false)).toMatchObject([
      { day: "2026-03-05" },
      { day: "2026-03-05" },
      { day: "2026-03-05", ambiguous: true },
      { day: "2026-03-05" },
    ]);
  });

  it("takes an account only where its checksum holds, over line ends and with scanned letters", () => {
    expect(ibansIn("IBAN DE89 3704 0044\n0532 O130 00").map(({ iban }) => iban)).toEqual(["DE89370400440532013000"]);
    expect(ibansIn("IBAN DE89 3704 0044 0532 0130 01")).toEqual([]);
  });

  it("pairs rows of names with rows of values, and finds totals by their sum", () => {
    expect(
      read(
        "Alder Papier GmbH\nRechnungsnummer   Datum   Bestell-Nr.\n2026-00817   05.03.2026   PO-12345B\nUSt-ID DE123456789\nNetto 100,00\nUSt 19% 19,00\nGesamt 119,00 EUR",
      ),
    ).toMatchObject({
      number: "2026-00817",
      issuedOn: "2026-03-05",
      orderNumber: "PO-123458",
      vatId: "DE123456789",
      currency: "EUR",
      netCents: 10_000,
      vatCents: 1_900,
      grossCents: 11_900,
    });
  });
});

describe("fields that a model gives", () => {
  const document = trial.lot.documents.find(({ kind, twist }) => kind === "goods-invoice" && twist === "none")!;
  const input = { documentId: document.id, sender: document.sender, text: document.text };
  const unsure = () => ({
    ...release,
    classifier: { ...release.classifier!, classifier: { ...release.classifier!.classifier, threshold: 0.9999 } },
  });
  const by = (fields: typeof document.fields) => {
    const here = labelHere(release, input)!;
    return {
      label: "goods-invoice",
      by: "small" as const,
      fields,
      confidence: 0,
      claimed: 1,
      escalated: [{ by: "local" as const, code: "model-unsure" as const, confidence: here.confidence }],
    };
  };

  it("lead a plan only where each of them stands in the text", () => {
    const may = (change: object) => mayFollow(unsure(), by({ ...document.fields, ...change }), input);
    expect(may({})).toBe(true);
    expect([
      may({ iban: "DE89370400440532013000" }),
      may({ grossCents: (document.fields["grossCents"] as number) - 1 }),
      may({ orderNumber: "PO-999999" }),
      may({ number: "RE-1" }),
      may({ issuedOn: "2031-01-01" }),
      may({ more: "field" }),
    ]).toEqual([false, false, false, false, false, false]);
  });

  it("wait for a person where their account is not the one on record, however sure it claims to be", async () => {
    const other = trial.lot.documents.find(({ twist, kind }) => twist === "other-account" && kind === "goods-invoice")!;
    const desk = new Desk(release, trial.world, trial.lot);
    const told = { documentId: other.id, sender: other.sender, text: other.text };
    const { route, rules } = await desk.follow(told, { ...by(other.fields), confidence: 0.9999 });
    expect([route, rules]).toEqual(["person", ["other-account"]]);
  });
});
