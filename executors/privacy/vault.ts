/**
 * The keys of data subjects in one executor, and what their subjects consented to. A key is 256 random bits and exists here alone; what is
 * sealed under it is gone for everybody once it is destroyed.
 *
 * V1  A subject has at most one key at a time. An erased key never comes back: later tasks of the subject get a new one.
 * V2  A text sealed under several keys opens only with all of them.
 * V3  A key that is not there was erased, and an erasure says so; otherwise what it sealed is unreadable, which is a fault and no erasure.
 * V4  Memory is a cache. What a round decided and could not write is forgotten (`reload`).
 */
import { fromHex, toHex } from "../../shared/bytes.ts";
import { toBase32 } from "../../shared/ids.ts";
import type { Platform } from "../../shared/platform.ts";
import { isSealed, joined, KEY_BYTES, NONCE_BYTES, openText, partsOf, sealedAway, sealText } from "./seal.ts";

/** What is recorded about the consent of all subjects of a task to its purpose. */
export type Consent = { readonly recorded: boolean; readonly given: boolean; readonly withdrawn: boolean };
export const NO_CONSENT: Consent = { recorded: false, given: false, withdrawn: false };

type KeyRow = { id: string; subject: string; key: string; at_ms: number };

export class Vault {
  readonly #sql: SqlStorage;
  readonly #platform: Pick<Platform, "randomBytes">;
  /** Null: the key was erased. */
  readonly #keyById = new Map<string, Uint8Array | null>();
  readonly #consentsByKey = new Map<string, ReadonlyMap<string, boolean>>();
  /** Keys that were made in the round under way. */
  #made: KeyRow[] = [];

  constructor(sql: SqlStorage, platform: Pick<Platform, "randomBytes">) {
    this.#sql = sql;
    this.#platform = platform;
  }

  /** V4 */
  reload(): void {
    this.#made = [];
    this.#keyById.clear();
    this.#consentsByKey.clear();
  }

  /** The id of a subject's key, or null where this executor holds nothing about them. */
  keyOf(subject: string): string | null {
    const made = this.#made.find((row) => row.subject === subject);
    if (made !== undefined) return made.id;
    const row = this.#sql.exec<{ id: string }>("SELECT id FROM subject_keys WHERE subject = ?", subject).toArray()[0];
    // Until its round is written, an erased key still stands in its table.
    return row === undefined || this.#keyById.get(row.id) === null ? null : row.id;
  }

  /** The keys of these subjects; new ones where they have none. Called in the decision of a round, which writes them. */
  keysFor(subjects: readonly string[], nowMs: number): string[] {
    return subjects.map((subject) => {
      const known = this.keyOf(subject);
      if (known !== null) return known;
      const id = `sbk_${toBase32(this.#platform.randomBytes(16))}`;
      const key = this.#platform.randomBytes(KEY_BYTES);
      this.#made.push({ id, subject, key: toHex(key), at_ms: nowMs });
      this.#keyById.set(id, key);
      return id;
    });
  }

  /** Inside the round's transaction, before its records: no record is sealed under a key that is not stored. */
  write(sql: SqlStorage): void {
    for (const { id, subject, key, at_ms } of this.#made)
      sql.exec("INSERT INTO subject_keys (id, subject, key, at_ms) VALUES (?, ?, ?, ?)", id, subject, key, at_ms);
  }

  /** The round is written. */
  written(): void {
    this.#made = [];
  }

  /** Whether what is sealed under these keys is gone. Throws where a key is lost without an erasure (V3). */
  isErased(keys: readonly string[]): boolean {
    return keys.some((id) => this.#key(id) === null);
  }

  #key(id: string): Uint8Array | null {
    const known = this.#keyById.get(id);
    if (known !== undefined) return known;
    const row = this.#sql.exec<{ key: string }>("SELECT key FROM subject_keys WHERE id = ?", id).toArray()[0];
    const erased =
      row === undefined && this.#sql.exec("SELECT 1 FROM subject_erasures WHERE key = ?", id).toArray().length > 0;
    if (row === undefined && !erased) throw new Error("the key of a subject is lost");
    const key = row === undefined ? null : fromHex(row.key);
    this.#keyById.set(id, key);
    return key;
  }

  /** Seals a text to the place where it will stand; nothing of it is kept where a key was erased meanwhile. */
  seal(keys: readonly string[], place: string, text: string): string {
    if (this.isErased(keys)) return sealedAway(keys);
    const key = joined(keys.map((id) => this.#key(id)!));
    return sealText(keys, key, this.#platform.randomBytes(NONCE_BYTES), place, text);
  }

  /** The text as it was; null where a key of it was erased. Texts that were never sealed are given back. */
  open(text: string, place: string): string | null {
    if (!isSealed(text)) return text;
    const { keys, box } = partsOf(text);
    if (box === null || this.isErased(keys)) return null;
    return openText(box, joined(keys.map((id) => this.#key(id)!)), place);
  }

  /** A sealed text for another place: its record stands elsewhere now. */
  moved(text: string, from: string, to: string): string {
    if (!isSealed(text)) return text;
    const { keys } = partsOf(text);
    const opened = this.open(text, from);
    return opened === null ? sealedAway(keys) : this.seal(keys, to, opened);
  }

  /** From here on the key is gone, for every later decision of the round too. Its row goes with the caller's record. */
  forgetKey(id: string): void {
    this.#made = this.#made.map((row) => (row.id === id ? { ...row, subject: "", key: "" } : row));
    this.#keyById.set(id, null);
    this.#consentsByKey.delete(id);
  }

  /** What the subjects of these keys said about a purpose. Without a subject or a purpose nothing is recorded. */
  consentOf(keys: readonly string[], purpose: string | null): Consent {
    if (keys.length === 0 || purpose === null) return NO_CONSENT;
    const words = keys.map((id) => this.#consents(id).get(purpose));
    return {
      recorded: words.every((word) => word !== undefined),
      given: words.every((word) => word === true),
      withdrawn: words.includes(false),
    };
  }

  /** In the decision of a round: later decisions go by it. */
  setConsent(id: string, purpose: string, given: boolean): void {
    this.#consentsByKey.set(id, new Map(this.#consents(id)).set(purpose, given));
  }

  #consents(id: string): ReadonlyMap<string, boolean> {
    let known = this.#consentsByKey.get(id);
    if (known === undefined) {
      const rows = this.#sql
        .exec<{ purpose: string; given: number }>("SELECT purpose, given FROM subject_consents WHERE key = ?", id)
        .toArray();
      this.#consentsByKey.set(id, (known = new Map(rows.map(({ purpose, given }) => [purpose, given === 1]))));
    }
    return known;
  }
}
