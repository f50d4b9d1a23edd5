/** What came of the documents, counted: of the product and of the baseline alike, with intervals (Wilson) and how far confidence was off. */
import { wilson, type Share } from "../../shared/calibration/intervals.ts";
import { calibrationError, reliability, type Bin, type Evidence } from "../../shared/calibration/reliability.ts";
import type { ReadFields } from "../../shared/classifier/reading/schema.ts";
import { INVOICE_READER } from "../../shared/classifier/reading/invoice/invoice.ts";
import type { Document, Kind, Route } from "./documents.ts";

export type Answer = {
  readonly document: Document;
  readonly kind: Kind;
  readonly fields: ReadFields;
  readonly route: Route;
  /** Null where who answers has no idea how sure that is. */
  readonly confidence: number | null;
  readonly rules: readonly string[];
};

export type Figures = {
  readonly documents: number;
  readonly kind: Share;
  /** Goods or service is one kind here: both are booked alike. */
  readonly invoiceOrNot: Share;
  /** Of invoices, each field and all that decide. */
  readonly fields: { readonly [field: string]: Share };
  readonly reading: Share;
  readonly routing: Share;
  /** Decided without a person, and of those the wrong ones. */
  readonly alone: Share;
  readonly wrongAlone: Share;
  readonly wronglyBooked: number;
  /** Of those that a careful person would have let through alone. */
  readonly letThrough: Share;
  readonly calibration: { readonly error: number; readonly bins: readonly Bin[] } | null;
};

const isInvoice = (kind: Kind): boolean => kind === "goods-invoice" || kind === "service-invoice";
const share = (right: number, all: number): Share => wilson(all === 0 ? 0 : right / all, all);
const allRight = ({ document, fields }: Answer): boolean =>
  INVOICE_READER.deciding.every((name) => fields[name] === document.fields[name]);

/** What was done alone is right where it is what should be done, and where what was booked is what the document says. */
export const isRightAlone = (answer: Answer): boolean =>
  answer.route === answer.document.route && (answer.route !== "book" || allRight(answer));

export function figuresOf(answers: readonly Answer[]): Figures {
  const of = (which: (answer: Answer) => boolean) => answers.filter(which);
  const n = answers.length;
  const invoices = of(({ document }) => isInvoice(document.kind));
  const alone = of(({ route }) => route !== "person");
  const could = of(({ document }) => document.route !== "person");
  const fields = Object.keys(INVOICE_READER.fields).map((name) => [
    name,
    share(
      invoices.filter(({ document, fields: read }) => read[name] === document.fields[name]).length,
      invoices.length,
    ),
  ]);
  const known: Evidence[] = answers.flatMap((answer) =>
    answer.confidence === null ? [] : [{ value: answer.confidence, weight: 1, right: isRight(answer) }],
  );
  const bins = reliability(known);
  return {
    documents: n,
    kind: share(of(({ kind, document }) => kind === document.kind).length, n),
    invoiceOrNot: share(
      of(({ kind, document }) => kind === document.kind || (isInvoice(kind) && isInvoice(document.kind))).length,
      n,
    ),
    fields: Object.fromEntries(fields),
    reading: share(invoices.filter(allRight).length, invoices.length),
    routing: share(of(({ route, document }) => route === document.route).length, n),
    alone: share(alone.length, n),
    wrongAlone: share(alone.filter((answer) => !isRightAlone(answer)).length, alone.length),
    wronglyBooked: of((answer) => answer.route === "book" && !isRightAlone(answer)).length,
    letThrough: share(could.filter(isRightAlone).length, could.length),
    calibration: known.length === 0 ? null : { error: calibrationError(bins)!, bins },
  };
}

/** What a confidence speaks of: the label, and the fields where they count for it. */
const isRight = (answer: Answer): boolean =>
  answer.kind === answer.document.kind && (!isInvoice(answer.kind) || allRight(answer));
