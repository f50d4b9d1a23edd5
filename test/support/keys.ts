/**
 * Keys and trust for tests. The private keys are public on purpose: nothing outside the tests may trust them.
 */
import { publicPart, type PrivateJwk } from "../../shared/keys.ts";
import type { Trust } from "../../shared/trust.ts";

const key = (x: string, d: string): PrivateJwk => ({ kty: "OKP", crv: "Ed25519", x, d });

export const TEST_KEYS = {
  receipt: key("N1hkThPpDhZRZ1OaTAEyEX3q6jiFkaBIWiYbKE8bS-Y", "JYHGj6XFj5SvEOD0SSm8yuXD-MmihAUkxdi2ysnPNec"),
  checkpoint: key("r24N8yWgtGTHWipUVeu_1iWAlUWYHTX9X8-dhdlMnBY", "EVMO-j651nhAYmRnOBuZM_8aHWKJlHv_uFDEVsk9-gc"),
  proposal: key("QD6pd__E1KedTxBWE1wdJtD9DxpjMh_CYQ1Uq8d0bxo", "pO8sONVBMn-P8dbl6KmHXBylzA4J3shnvzFmnfRUgC8"),
  root: key("bvZfTuD-DtEZnjFszwA1KQQSyneuRXmPwERomb4HcLc", "reL7Z_YKVbl_pZ5RBjH-09EhBCgGbeSbA2FjVLabW4E"),
} as const;

/** Trust in the test keys. Tests of one file share a database, so each takes a tenant of its own. */
export const testTrust = (tenants: readonly string[]): Trust => ({
  proposalKeys: [publicPart(TEST_KEYS.proposal)],
  receiptKeys: [publicPart(TEST_KEYS.receipt)],
  checkpointKeys: [publicPart(TEST_KEYS.checkpoint)],
  logOrigin: "countersign.local",
  tenants: Object.fromEntries(
    tenants.map((tenant) => [tenant, { rootKey: publicPart(TEST_KEYS.root), regions: ["eu", "us"], shards: 4 }]),
  ),
});
