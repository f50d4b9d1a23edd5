/** The readers, by name. */
import type { Json } from "../../json.ts";
import { valueAt } from "../features.ts";
import { INVOICE_READER } from "./invoice/invoice.ts";
import type { Reader, Reading } from "./reader.ts";
import type { ReaderSettings } from "./schema.ts";

export const READERS: { readonly [name in ReaderSettings["as"]]: Reader } = { invoice: INVOICE_READER };

/** What an input's text says; a text that is not there says nothing. */
export function readIn(reads: ReaderSettings, input: Json): Reading {
  const text = valueAt(input, reads.field);
  return READERS[reads.as].read(typeof text === "string" ? text : "", reads);
}
