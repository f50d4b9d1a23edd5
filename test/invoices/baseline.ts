/**
 * What a developer writes in an afternoon with regular expressions: words for the kind, a pattern for each field in the languages that come in, and
 * the same rules about what may be booked. It has no idea how sure it is; where a field that it needs is missing, a person looks.
 */
import type { ReadFields } from "../../shared/classifier/reading/schema.ts";
import type { Kind, Route } from "./documents.ts";
import type { World } from "./world.ts";

const KIND: readonly (readonly [Kind, RegExp])[] = [
  [
    "credit-note",
    /credit (?:note|memo)|gutschrift|rechnungskorrektur|\bavoir\b|note de cr[ée]dit|creditnota|creditfactuur|abono|rectificativa/i,
  ],
  [
    "reminder",
    /reminder|mahnung|zahlungserinnerung|statement of account|final notice|relance|rappel|mise en demeure|aanmaning|herinnering|recordatorio|reclamaci[óo]n/i,
  ],
  [
    "not-an-invoice",
    /quotation|quote|proposal|angebot|kostenvoranschlag|devis|proposition commerciale|offerte|prijsopgave|presupuesto|oferta|order confirmation|acknowledgement|auftragsbest|bestellbest|confirmation de commande|orderbevestiging|opdrachtbevestiging|confirmaci.n de pedido|delivery note|packing slip|lieferschein|bon de livraison|bordereau|pakbon|vrachtbrief|albar.n|newsletter|catalogue|price list|preisliste|prijslijst/i,
  ],
  [
    "service-invoice",
    /consulting|advisory|beratung|conseil|advies|asesor|consultor|service|leistung|prestation|diensten|servicio|subscription|licen[cs]|lizenz|abonnement|maintenance|wartung|hosting|cleaning|reinigung|nettoyage|support|rental|miete/i,
  ],
];
const kindOf = (text: string): Kind => KIND.find(([, words]) => words.test(text))?.[0] ?? "goods-invoice";

const AMOUNT = String.raw`(?:EUR|GBP|€|£)?\s*(\d{1,3}(?:[.,' ]\d{3})+[.,]\d{2}|\d+[.,]\d{2})`;
const BETWEEN = String.raw`[\s.:]*`;
const after = (words: string) => new RegExp(`(?:${words})${BETWEEN}${AMOUNT}`, "i");
const GROSS = after(
  "total due|total amount|grand total|amount due|amount payable|balance due|gesamtbetrag|rechnungsbetrag|endbetrag|zu zahlender betrag|summe brutto|total ttc|montant ttc|net à payer|total à payer ttc|te betalen|incl\\. btw|total factura|importe total|total a pagar|total con iva",
);
const NET = after(
  "subtotal|net amount|net total|total excl\\. vat|goods total|nettobetrag|zwischensumme|summe netto|nettosumme|warenwert|total ht|montant ht|hors taxes|sous-total ht|subtotaal|netto totaal|excl\\. btw|base imponible|importe neto|total sin iva",
);
const VAT = new RegExp(
  String.raw`(?:VAT|value added tax|MwSt\.?|USt\.?|Umsatzsteuer|Mehrwertsteuer|T\.?V\.?A\.?|BTW|I\.?V\.?A\.?)\s*[@(]?\s*(?:\d{1,2}(?:[.,]\d)?\s*%\)?)?${BETWEEN}${AMOUNT}`,
  "i",
);
const NUMBER =
  /(?:invoice (?:no|number|#)|document no|inv\. ref|rechnungs?(?:nummer|-nr|\s*nr)|beleg-nr|rg\.-nr|facture (?:n°|numéro)|n° facture|num[ée]ro de facture|factuur\s?n(?:ummer|r)|factura (?:n\.º|núm)|n\.º factura|n[úu]mero de factura)[.:\s]*([A-Z0-9][A-Z0-9/.-]+)/i;
const ORDER = /PO-\d{6}/;
const IBAN = /IBAN\W*([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)/;
const VAT_ID = /\b(ATU\d{8}|DE\d{9}|FR\w{2}\d{9}|GB\d{9}|NL\d{9}B\d{2}|ES[A-Z]\d{8}|IE\d{7}[A-Z]{1,2})\b/g;
const DATE = /(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[./-](\d{1,2})[./-](\d{4})/;

const cents = (text: string | undefined): number =>
  text === undefined ? 0 : Number(`${text.slice(0, -3).replace(/\D/g, "")}${text.slice(-2)}`);

export function baseline(text: string, own: readonly string[]): { readonly kind: Kind; readonly fields: ReadFields } {
  const date = DATE.exec(text);
  const two = (part: string | undefined) => (part ?? "").padStart(2, "0");
  const iban = (IBAN.exec(text)?.[1] ?? "").replace(/ /g, "");
  return {
    kind: kindOf(text),
    fields: {
      supplier: text.split("\n")[0]!.trim().slice(0, 100),
      number: (NUMBER.exec(text)?.[1] ?? "").toUpperCase(),
      orderNumber: ORDER.exec(text)?.[0] ?? "",
      vatId: [...text.matchAll(VAT_ID)].map((match) => match[1]!).find((id) => !own.includes(id)) ?? "",
      iban,
      currency: /€|EUR/.test(text) ? "EUR" : /£|GBP/.test(text) ? "GBP" : "",
      issuedOn:
        date === null
          ? ""
          : date[1] === undefined
            ? `${date[6]}-${two(date[5])}-${two(date[4])}`
            : `${date[1]}-${date[2]}-${date[3]}`,
      netCents: cents(NET.exec(text)?.[1]),
      vatCents: cents(VAT.exec(text)?.[1]),
      grossCents: cents(GROSS.exec(text)?.[1]),
    },
  };
}

/** The same rules as the policy's, over what was read; `taken`: supplier and number of what is booked, to which it adds. */
export function baselineRoute(
  kind: Kind,
  fields: ReadFields,
  { suppliers, orders }: World,
  taken: Set<string>,
  billed: Map<string, number>,
): Route {
  if (kind === "reminder" || kind === "not-an-invoice") return "file";
  const order = orders.find(({ id }) => id === fields["orderNumber"]);
  const supplier = suppliers.find(({ vatId }) => vatId === fields["vatId"]) ?? order?.supplier;
  const { number, issuedOn, currency, grossCents, netCents, vatCents, iban, vatId } = fields as ReadFields & {
    grossCents: number;
    netCents: number;
    vatCents: number;
  };
  if (
    kind === "credit-note" ||
    supplier === undefined ||
    number === "" ||
    issuedOn === "" ||
    currency === "" ||
    grossCents === 0
  )
    return "person";
  const key = `${supplier.id} ${number}`;
  if (taken.has(key)) return "refuse";
  const left = (order?.grossCents ?? 0) - (billed.get(order?.id ?? "") ?? 0);
  const agrees =
    order?.supplier === supplier &&
    iban === supplier.iban &&
    vatId === supplier.vatId &&
    currency === order.currency &&
    netCents + vatCents === grossCents &&
    Math.abs(grossCents - left) <= 200;
  if (!agrees || grossCents > 2_500_000) return "person";
  taken.add(key);
  billed.set(order.id, (billed.get(order.id) ?? 0) + grossCents);
  return "book";
}
