/** What executors are asked about data subjects. Parsed strictly, as every command. */
import * as z from "zod";
import { Purpose, SubjectDigest, SubjectId } from "../../shared/subjects.ts";

const Named = z.strictObject({ subject: SubjectId, digest: SubjectDigest });
export const SubjectCommand = Named;
export const EraseCommand = z.strictObject({
  ...Named.shape,
  erasure: z.string().regex(/^ers_[a-z2-7]{26}$/),
  by: z.string().max(100),
});
export const ConsentCommand = z.strictObject({
  ...Named.shape,
  purpose: Purpose,
  given: z.boolean(),
  evidence: z.string().min(1).max(500).nullable(),
  by: z.string().max(100),
});
