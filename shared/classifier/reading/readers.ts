/** The readers, by name. */
import { INVOICE_READER } from "./invoice/invoice.ts";
import type { Reader } from "./reader.ts";
import type { ReaderSettings } from "./schema.ts";

export const READERS: { readonly [name in ReaderSettings["as"]]: Reader } = { invoice: INVOICE_READER };
