/**
 * Whether a sentence names a thing, or says that it is not meant. Text is not understood here: the rule is short, errs on the side of asking a
 * person, and is the same in every plane.
 *
 * A token does not count as named where, in any of its places,
 * - a word of negation or exception stands before it in the same clause ("do not pay X", "everything except X, Y and Z");
 * - it is negated right behind it ("X should not be paid", "X excluded");
 * - it stands in a quoted passage together with other words, or in a line that begins with `>`: those are somebody's words, repeated.
 * A clause ends at `.`, `!`, `?`, `;` before a space, at a blank line that no colon announces, and at ", but" and ", however". A comma and a
 * single line end none, because lists go on over them; where no end is found within reach, the token does not count.
 * Words of negation are English ones and the most usual German and French ones; what else a language can say is not seen.
 */

/** A place of a token in a text, as offsets. */
export type Place = { readonly start: number; readonly end: number };

/** Characters before a token in which its clause must begin: nobody writes longer ones for a person to read. */
const REACH = 2_000;
const BEHIND_REACH = 40;

const BEFORE =
  /(?:^|[^\p{L}\p{N}])(?:not|cannot|\p{L}{2,8}n['’]t|(?:ca|wo|do|does|did|is|are|was|has|have|should|must|would|could)nt|never|neither|nor|none|nobody|nothing|without|except|excepting|exempting|excluding|exclude|other than|rather than|instead of|apart from|aside from|besides|no longer|no more|stop|avoid|ignore|ignoring|skip|omit|forget|unless|until|leave|nicht|kein|keine|keinen|keinem|keiner|nie|niemals|ohne|außer|statt|anstatt|ne|n['’]\p{L}+|pas|jamais|sans|sauf|ni)(?=$|[^\p{L}\p{N}])/iu;
const BEHIND =
  /^["'”’)\]]{0,2},? {0,2}(?:(?:and|or) )?(?:not|never|excluded|excepted|untouched|alone|aside|nicht|ausgenommen|pas|(?:(?:should|must|may|can|could|will|would|shall|is|are|was|were|do|does|did|has|have) ?(?:not|never|n['’]?t|no longer))|cannot)(?=$|[^\p{L}\p{N}])/iu;
const CLAUSE_END =
  /[.!?;](?=\s)|[。！？；]|(?<=[^:,\s])[ \t]*\r?\n[ \t]*\r?\n|[,;–—] ?(?:but|however|aber|sondern|mais)(?=\s)/giu;

/** Whether one of several places of a token in a text, each of them known to hold it, names it, and none says that it is not meant. */
export function isNamed(text: string, places: readonly Place[]): boolean {
  if (places.length === 0) return false;
  const quoted = quotedPassages(text);
  return places.every(
    (place) => !isNegated(text, place) && !quoted.some((passage) => saysMore(text, passage, place, places)),
  );
}

function isNegated(text: string, { start, end }: Place): boolean {
  const before = text.slice(Math.max(0, start - REACH), start);
  let clause = start > REACH ? -1 : 0;
  for (const match of before.matchAll(CLAUSE_END)) clause = match.index + match[0].length;
  return clause < 0 || BEFORE.test(before.slice(clause)) || BEHIND.test(text.slice(end, end + BEHIND_REACH));
}

/** The token stands inside the passage, and so do words that are not the token. */
function saysMore(text: string, passage: Place, place: Place, places: readonly Place[]): boolean {
  if (place.start < passage.start || place.end > passage.end) return false;
  const inside = places.filter(({ start, end }) => start >= passage.start && end <= passage.end);
  let rest = "";
  let at = passage.start;
  for (const { start, end } of inside) {
    rest += text.slice(at, Math.max(at, start));
    at = Math.max(at, end);
  }
  return /[\p{L}\p{N}]/u.test(rest + text.slice(at, passage.end));
}

const PAIRS: readonly (readonly [string, string])[] = [
  ["“", "”"],
  ["„", "“"],
  ["«", "»"],
  ["‹", "›"],
  ["`", "`"],
  ["「", "」"],
];

/** Passages between quotation marks, without the marks; one that is not closed goes on to the end. Quoted lines of a mail too. */
function quotedPassages(text: string): Place[] {
  const passages: Place[] = [...text.matchAll(/^[ \t]*>.*$/gmu)].map(({ index, 0: line }) => ({
    start: index,
    end: index + line.length,
  }));
  for (const [open, close] of PAIRS) collect(text, open, close, passages, () => true);
  // Inches and feet, and apostrophes inside and at the end of words, open nothing.
  const opens = (at: number) => at === 0 || /[\s([{,:;—–-]/u.test(text[at - 1]!);
  collect(text, '"', '"', passages, opens);
  collect(text, "'", "'", passages, opens, (at) => !/[\p{L}\p{N}]/u.test(text[at + 1] ?? " "));
  collect(text, "‘", "’", passages, opens, (at) => !/[\p{L}\p{N}]/u.test(text[at + 1] ?? " "));
  return passages;
}

function collect(
  text: string,
  open: string,
  close: string,
  into: Place[],
  opens: (at: number) => boolean,
  closes: (at: number) => boolean = () => true,
): void {
  for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, at + 1)) {
    if (!opens(at)) continue;
    let end = text.indexOf(close, at + 1);
    while (end >= 0 && !closes(end)) end = text.indexOf(close, end + 1);
    // An apostrophe that nothing closes is no quotation mark.
    if (end < 0 && (open === "'" || open === "‘")) return;
    into.push({ start: at + 1, end: end < 0 ? text.length : end });
    if (end < 0) return;
    at = end;
  }
}
