import { expect, it } from "vitest";
import { INVOICE_READER } from "../../shared/classifier/reading/invoice/invoice.ts";
import { ReadFields, type ReaderSettings } from "../../shared/classifier/reading/schema.ts";
import { LIMITS } from "../../shared/limits.ts";

const READS: ReaderSettings = { field: "/text", as: "invoice", labels: ["goods-invoice"], orders: "PO-######" };
const read = (text: string) => INVOICE_READER.read(text, READS).fields;
const filled = (part: string) => part.repeat(Math.ceil(LIMITS.readTextChars / part.length));

it("an amount beyond what a field holds is none, so that its document still gets a plan", () => {
  for (const amount of ["9.999.999.999.999,00", "9 999 999 999 999 999 999,00", "99999999999999999,00"])
    expect(read(`Invoice RE-2026-1\nNet ${amount}\nReverse charge\nTotal ${amount} EUR`)).toMatchObject({
      netCents: 0,
      grossCents: 0,
    });
  expect(read("Total 10.000.000.000,00 EUR")).toMatchObject({ grossCents: LIMITS.readFieldMost });
});

it("whatever repeats in one long line is read at once, in fields that a plan can hold", () => {
  const parts = ["1/1/20 ", "1.11 ", "1 111 ", "EUR 1.00 ", "invoice\n", "1\n", "vat id ", "AT10 ", "DE 123456789 "];
  const begin = performance.now();
  for (const part of parts) {
    const fields = read(filled(part));
    expect([part, ReadFields.safeParse(fields).success]).toEqual([part, true]);
    INVOICE_READER.disproves(filled(part), fields, READS);
  }
  // Some 0.2 s.
  expect(performance.now() - begin).toBeLessThan(20_000);
});
