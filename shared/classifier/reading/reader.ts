/** What every reader is: fields, a pure function over a text, and a check of what somebody else says the text holds. */
import type { ReaderSettings, ReadFields } from "./schema.ts";

export type Reading = {
  readonly fields: ReadFields;
  /** Short codes of what was noticed: how a field was found, what agrees with what. How sure the reading is follows from them. */
  readonly evidence: readonly string[];
  /** Short codes of what the text is about, for whoever labels it. */
  readonly about: readonly string[];
};

export type Reader = {
  readonly fields: { readonly [name: string]: "text" | "cents" };
  /** Those that all have to be right for a reading to be right. */
  readonly deciding: readonly string[];
  readonly read: (text: string, settings: ReaderSettings) => Reading;
  /** Why fields that a model gives are not what the text says; null where each of them stands there. */
  readonly disproves: (text: string, fields: ReadFields, settings: ReaderSettings) => string | null;
};
