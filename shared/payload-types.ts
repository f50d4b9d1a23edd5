/**
 * The payload types of every signed envelope of the protocol. The type is part of what is signed (DSSE, pre-authentication
 * encoding), so that a signature over one kind of payload can never be shown as a signature over another.
 */
const of = <Name extends string>(name: Name) => `application/vnd.countersign.${name}.v1+json` as const;

export const PAYLOAD_TYPES = {
  plan: of("plan"),
  attestation: of("attestation"),
  promotion: of("promotion"),
  enrolment: of("enrolment"),
  restore: of("restore"),
  receipt: of("receipt"),
  statement: of("statement"),
  possession: of("possession"),
  resolution: of("resolution"),
  reversal: of("reversal"),
  epoch: of("epoch"),
  rewind: of("rewind"),
} as const;

export type PayloadKind = keyof typeof PAYLOAD_TYPES;
export type PayloadType = (typeof PAYLOAD_TYPES)[PayloadKind];
