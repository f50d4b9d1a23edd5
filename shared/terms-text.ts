/**
 * Text as whoever reads it sees it, for looking for words in it, and that search. Pure; time is proportional to the text and the words: both come
 * from plans and models, so nothing here goes back over what it has read.
 */

/** T4 of terms.ts: what nobody sees is taken away, what looks the same is made the same. */
export const plain = (text: string): string =>
  // Twice: what is invisible keeps letters apart that belong together, and what was put together can be invisible.
  text
    .replace(INVISIBLE, "")
    .normalize("NFKC")
    .replace(INVISIBLE, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2018\u2019\u02BC\u2032]/g, "'")
    .toLowerCase()
    .replace(/[\s\u2800]+/gu, " ");
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\uFFFC]/gu;

/** What is read of Markdown: no marks in the middle of a word, no comments, tags and addresses of links; letters that are spelled by number. */
export const shown = (markdown: string): string =>
  markdown
    .replace(/<!--(?:[^-]|-(?!->))*-->|<\/?[a-z][^<>]*>/gi, "")
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(shy|zwn?j|nbsp|lrm|rlm));/gi, (entity, decimal, hex, name) =>
      name === undefined ? lettered(entity, decimal, hex) : /nbsp/i.test(name) ? " " : "",
    )
    .replace(/\]\([^()]*\)/g, "")
    .replace(/\\(?=[!-/:-@[-`{-~])/g, "")
    .replace(/[*`~[\]]|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, "");

function lettered(entity: string, decimal: string | undefined, hex: string | undefined): string {
  const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
  return code > 0 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff) ? String.fromCodePoint(code) : entity;
}

/** Scripts that put no space between words have no edges to look for. */
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const OF_WORD = /[\p{L}\p{N}\p{M}]/u;

/** A text in which words are looked for, each part at most once: what was taken is found by nobody after it. */
export class Searched {
  #text: string;
  /** For each UTF-16 unit, whether it belongs to a word. */
  readonly #ofWord: Uint8Array;

  constructor(text: string) {
    this.#text = plain(text);
    this.#ofWord = new Uint8Array(this.#text.length + 1);
    let at = 0;
    for (const char of this.#text) {
      if (OF_WORD.test(char)) this.#ofWord.fill(1, at, at + char.length);
      at += char.length;
    }
  }

  /** Takes each place where these words stand as words; how many they were. `words` is plain. */
  take(words: string): number {
    if (words === "") return 0;
    const chars = [...words];
    const [opens, closes] = [!SPACELESS.test(chars[0]!), !SPACELESS.test(chars.at(-1)!)];
    const places: number[] = [];
    for (let at = this.#text.indexOf(words); at !== -1; at = this.#text.indexOf(words, at)) {
      if (opens && at > 0 && this.#ofWord[at - 1] === 1) {
        // In the middle of a word: nothing begins before its end.
        while (this.#ofWord[at] === 1) at++;
        at++;
      } else if (closes && this.#ofWord[at + words.length] === 1) at++;
      else {
        places.push(at);
        at += words.length;
      }
    }
    this.#cut(places, words.length);
    return places.length;
  }

  #cut(places: readonly number[], length: number): void {
    if (places.length === 0) return;
    let left = "";
    let from = 0;
    for (const at of places) {
      left += this.#text.slice(from, at) + TAKEN.repeat(length);
      this.#ofWord.fill(0, at, at + length);
      from = at + length;
    }
    this.#text = left + this.#text.slice(from);
  }
}
const TAKEN = "\uFFFC";
