/**
 * Evidence: a part of the record that can be verified by itself. It holds entries, the proof that each of them is in the log, the signed
 * checkpoint that the proofs lead to, and the public keys under which it was made. It holds no values: entries carry commitments.
 *
 * The keys in it say whom it rests on. Whoever judges it compares them with keys of their own.
 */
import * as z from "zod";
import { TaskId, TenantId } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { Trust } from "../trust.ts";

/** One task, or the tasks that were opened from a time on and before another one. */
export const Scope = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("task"), task: TaskId }),
  z.strictObject({ kind: z.literal("period"), fromMs: z.int().min(0), toMs: z.int().min(0) }),
]);
export type Scope = z.infer<typeof Scope>;

/** Hashes in base64, from the leaf upwards. */
const Proof = z.array(z.base64().max(44)).max(64);

export const EvidenceEntry = z.strictObject({ index: z.int().min(0), body: z.string().max(LIMITS.entryBytes) });
export type EvidenceEntry = z.infer<typeof EvidenceEntry>;

export const Evidence = z.strictObject({
  about: z.strictObject({ version: z.literal(1), tenant: TenantId, scope: Scope, madeAtMs: z.int().min(0) }),
  trust: Trust,
  /** The signed note, byte for byte. */
  checkpoint: z.string().max(LIMITS.noteBytes),
  /** Indexes rise. */
  entries: z.array(EvidenceEntry).max(LIMITS.evidenceEntries),
  proofs: z.strictObject({
    /** For each entry, in the order of the entries, the proof that it is in the log. */
    inclusion: z.array(Proof),
    /** By size: that the log continues the checkpoint which an executor saw. */
    consistency: z.record(z.string().regex(/^[1-9][0-9]{0,15}$/), Proof),
  }),
});
export type Evidence = z.infer<typeof Evidence>;
