/** The platform's randomness, as the rest of this Worker asks for it. */
import { toBase64Url } from "../../shared/bytes.ts";
import { SALT_BYTES } from "../../shared/commitments.ts";

export const randomBytes = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
/** A salt for a commitment. */
export const newSalt = (): string => toBase64Url(randomBytes(SALT_BYTES));
