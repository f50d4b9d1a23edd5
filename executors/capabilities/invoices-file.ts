/**
 * Filing a document that is not booked: a credit note, a reminder, what is no invoice, and an invoice of somebody who is no supplier.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { insert } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { boolean, object, oneOf, text } from "./schemas.ts";

type Args = { readonly documentId: string; readonly kind: string; readonly number: string };

export const fileDocument: D1Definition<Args, "filed"> = {
  contract: writeContract({
    name: "invoices.file",
    summary: "Files a document as what it is, without booking anything.",
    input: object({
      documentId: text(60, { minLength: 1 }),
      kind: oneOf("goods-invoice", "service-invoice", "credit-note", "reminder", "not-an-invoice"),
      number: text(60, { description: "As the document has it; empty where it has none." }),
    }),
    output: object({ documentId: text(60) }),
    preview: object({ filedBefore: boolean }),
    risk: "low",
    reversible: true,
    roles: { target: ["documentId"] },
    tags: ["document:{documentId}"],
    effectKey: "document:{documentId}",
  }),
  read: ({ documentId }) => ({
    filed: sql`SELECT id FROM filed_documents WHERE tenant = ${TENANT} AND id = ${documentId}`,
  }),
  plan: ({ documentId, kind, number }, { filed }, { nowMs }) =>
    ok({
      preview: { filedBefore: filed.length > 0 },
      // Nothing that was read decides anything: the effect key keeps a document from being filed twice.
      premises: [],
      summary: `File the document ${documentId} as ${kind}.`,
      changes: [{ what: `document ${documentId}`, from: null, to: kind }],
      statements: [insert("filed_documents", { id: documentId, kind, number, at_ms: nowMs })],
      result: { documentId },
    }),
};
