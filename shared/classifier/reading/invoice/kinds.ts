/**
 * What a document calls itself, in the languages that are read: words that say credit, reminder, offer, confirmation, delivery, advertising, and of what
 * the lines of an invoice are. They are codes beside the words of the text for whoever labels it; which of them weigh how much is learnt from examples.
 */

/** Lower case. What stands at the beginning of a line among the first ones is a title. */
const SAID: { readonly [code: string]: RegExp } = {
  invoice:
    /\b(?:invoice|bill\b|(?:ausgangs|schluss|teil)?rechnung(?!s(?:korrektur|empf| an))|facture(?! d'avoir)|factura(?! rectif)|(?:verkoop)?factuur)|r e c h n u n g/,
  credit:
    /\bcredit (?:note|memo|invoice)|gutschrift|\bstorno|rechnungskorrektur|\bavoir\b|note de cr[ée]dit|credit(?:nota|factuur|note)|\babono\b|rectificativa|nota de cr[ée]dito|refund note|credit(?:ed|s)? (?:you|your|for)|schreiben ihnen|gutgeschrieben|cr[ée]dit(?:ons|[ée])|crediteren|gecrediteerd|abona(?:mos)?\b/,
  reminder:
    /remind|mahnung|zahlungserinnerung|erinnerung|relance|rappel|mise en demeure|aanmaning|herinnering|recordatorio|reclamaci[óo]n|overdue|past due|still unpaid|outstanding|final notice|second notice|dunning|statement of account|open(?:e|staande) post|impay|en retard|[üu]berf[äa]llig|noch offen|nog open|te laat|pendiente|vencid|deuda|zahlungseingang|not received your payment|pas re[çc]u votre r[èe]glement|nog geen betaling|no hemos recibido su pago/,
  offer:
    /quot(?:ation|e\b)|proposal|pro ?forma|estimate|angebot|kostenvoranschlag|\bdevis\b|proposition commerciale|offerte|prijsopgave|presupuesto|oferta|valid for \d+ days|valables? \d+ jours|gilt \d+ tage|gelten \d+ tage|geldig \d+ dagen|v[áa]lid[ao]s? \d+ d[íi]as|freibleibend|vrijblijvend|sin compromiso/,
  confirmation:
    /order confirmation|confirm(?:ation|ed) (?:of|your) (?:your )?order|acknowledg|auftragsbest|bestellbest|confirmation de commande|accus[ée] de r[ée]ception|orderbevestig|opdrachtbevestig|confirmaci[óo]n de pedido|acuse de|thank you for your order|dank(?:en)? (?:f[üu]r|voor|u)|merci pour votre commande|gracias por su pedido/,
  delivery:
    /delivery note|packing (?:slip|list)|dispatch note|lieferschein|packzettel|bon de livraison|bordereau|pakbon|vrachtbrief|paklijst|albar[áa]n|nota de env[íi]o|contents of this parcel|inhalt dieser sendung|follows? separately|folgt gesondert|suivra|volgt\b|aparte/,
  advertising:
    /newsletter|catalogue?|katalog|catalogus|cat[áa]logo|price ?list|preisliste|prijslijst|tarifs\b|tarifa de precios|rundbrief|nieuwsbrief|bolet[íi]n|lettre d'information|trade fair|\bmesse\b|\bsalon\b|\bbeurs\b|\bferia\b|new prices|neue preise|nouveaux prix|nieuwe prijzen|nuevos precios/,
  denial: /not an invoice|no payment is|keine rechnung|n'est pas une facture|geen factuur|no es una factura/,
};
const LINES: { readonly [code: string]: RegExp } = {
  goods:
    /shipp|dispatch|parcel|warehouse|weight|\bgoods\b|title passes|\bware\b|versand|pakete?\b|lager\b|gewicht|eigentum|marchandise|colis|exp[ée]di|entrep[ôo]t|poids|r[ée]serve de propri|goederen|verzonden|magazijn|eigendom|mercanc[íi]a|env[íi]ad|bultos|almac[ée]n|dominio|delivery note|lieferschein|livraison|pakbon|albar/,
  services:
    /services? (?:rendered|period)|time ?sheet|hours|work carried|billing period|subscription|licen[cs]e|maintenance|hosting|consult|advis|leistung|stunden|zeitraum|nachweis|arbeiten|abonnement|lizenz|wartung|beratung|prestation|heures|p[ée]riode|relev[ée]|travaux|conseil|licence|assistance|diensten|uren\b|periode|urenstaat|werk\b|advies|servicios|horas|periodo|parte de|trabajo|asesor|consultor|mantenimiento|limpieza|cleaning|reinigung|nettoyage|schoonmaak|rental|miete|location|huur|alquiler|support|einsatz/,
};

/** Lines among which a title stands. */
const TITLES = 14;

export function kindCodes(lines: readonly string[]): string[] {
  const lower = lines.map((line) => line.toLowerCase());
  const text = lower.join("\n");
  const head = lower.slice(0, TITLES).map((line) => line.slice(0, 40));
  const codes = Object.entries(SAID).flatMap(([code, words]) => {
    const isTitle = head.some((line) => {
      const at = words.exec(line)?.index;
      return at !== undefined && at < 14 && !/[a-z]{3,}.*:/.test(line.slice(0, at));
    });
    return isTitle ? [`title-${code}`, `says-${code}`] : words.test(text) ? [`says-${code}`] : [];
  });
  const [goods, services] = [LINES["goods"]!, LINES["services"]!].map(
    (words) => lower.filter((line) => words.test(line)).length,
  );
  const more = goods === services ? "as-much" : goods! > services! ? "goods" : "services";
  return [...codes, `lines-${more}`];
}
