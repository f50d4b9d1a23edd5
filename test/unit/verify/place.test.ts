import { beforeAll, describe, expect, it } from "vitest";
import { toBase64, utf8 } from "../../../shared/bytes.ts";
import { hashAtLeaves, inclusionProof, leafHash } from "../../../shared/tlog/tree.ts";
import { verifyPlace, type PlaceClaim } from "../../../shared/verify/index.ts";
import { checkpointOf, honestRecord, trust } from "../../support/record.ts";

let entries: string[];
let claimOf: (index: number) => PlaceClaim;
beforeAll(async () => {
  entries = (await honestRecord()).record.entries;
  const checkpoint = await checkpointOf(entries);
  const size = entries.length;
  const hashAt = hashAtLeaves(entries.map((entry) => leafHash(utf8(entry))));
  claimOf = (index) => ({
    index,
    size,
    leafHash: toBase64(hashAt(0, index)),
    proof: inclusionProof(index, size, hashAt).map(toBase64),
    checkpoint,
  });
});
const codeOf = async (claim: PlaceClaim, body: string | null) => {
  const place = await verifyPlace(claim, body, trust());
  return place.ok ? "ok" : place.problem.code;
};

describe("one entry's place in the log", () => {
  it("verifies for every entry, and names the log's key", async () => {
    for (const [index, body] of entries.entries())
      expect([index, await codeOf(claimOf(index), body)]).toEqual([index, "ok"]);
    const place = await verifyPlace(claimOf(1), entries[1]!, trust());
    expect(place.ok && [place.value.key.split("+")[0], place.value.hasEntry]).toEqual(["countersign.local/dev", true]);
  });

  it("verifies the hash alone for whoever may not read the entry, and says so", async () => {
    const place = await verifyPlace(claimOf(1), null, trust());
    expect(place.ok && place.value.hasEntry).toBe(false);
  });

  it("is refused for another entry, index, size, proof or checkpoint", async () => {
    const claim = claimOf(1);
    const body = entries[1]!;
    expect(await codeOf(claim, entries[2]!)).toBe("proof-invalid");
    expect(await codeOf({ ...claim, index: 2 }, body)).toBe("proof-invalid");
    expect(await codeOf({ ...claim, size: claim.size - 1 }, body)).toBe("proof-invalid");
    expect(await codeOf({ ...claim, proof: claim.proof.slice(1) }, body)).toBe("proof-invalid");
    expect(await codeOf({ ...claim, proof: claim.proof.with(0, "no hash") }, body)).toBe("proof-invalid");
    expect(await codeOf({ ...claim, leafHash: claimOf(2).leafHash }, null)).toBe("proof-invalid");
    const checkpoint = claim.checkpoint.replace(`\n${claim.size}\n`, `\n${claim.size + 1}\n`);
    expect(await codeOf({ ...claim, checkpoint }, body)).toBe("signature-invalid");
  });
});
