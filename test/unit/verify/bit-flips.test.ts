/**
 * A thousand single bits, each turned in turn, anywhere in what is authenticated. First as somebody on the way would do it; then inside what
 * people and planes signed, by someone who holds the keys of the ledger and the executors and signs everything around it again.
 */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../shared/bytes.ts";
import type { ChainRecord } from "../../../shared/events.ts";
import type { Envelope } from "../../../shared/signing.ts";
import { verifyRecord } from "../../../shared/verify/index.ts";
import {
  bytesOf,
  checkpointOf,
  enrolled,
  EU,
  learning,
  lifted,
  stopped,
  TestRecord,
  trust,
} from "../../support/record.ts";

const FLIPS = 1_000;

/** Mulberry32: the same bits in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const flipped = bytes.slice();
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
};

/** A small record with every kind of signature in it. */
async function smallRecord(): Promise<TestRecord> {
  const record = new TestRecord();
  const admin = await enrolled("grace", ["admin"]);
  const lead = await enrolled("ada", ["lead"], admin);
  record.chain(EU).write(null, [await learning(1, admin), await stopped(), await lifted(admin)]);
  await record.reviewed(EU, lead);
  await record.deliver(EU);
  return record;
}

describe("a flipped bit", () => {
  it(`of the checkpoint or an entry is found, ${FLIPS} of ${FLIPS} times`, { timeout: 120_000 }, async () => {
    const record = await smallRecord();
    const parts = [utf8(await checkpointOf(record.entries)), ...bytesOf(record.entries)];
    const bits = parts.map(({ length }) => length * 8);
    const total = bits.reduce((sum, count) => sum + count, 0);
    const random = randomNumbers(1);
    const missed: string[] = [];
    for (let i = 0; i < FLIPS; i++) {
      // Every fourth bit goes into the checkpoint, which is small.
      let bit = i % 4 === 0 ? random(bits[0]!) : random(total);
      let part = 0;
      while (bit >= bits[part]!) bit -= bits[part++]!;
      const [checkpoint, ...entries] = parts.with(part, flip(parts[part]!, bit)) as [Uint8Array, ...Uint8Array[]];
      if ((await verifyRecord({ trust: trust(), checkpoint, entries })).verified)
        missed.push(`part ${part}, bit ${bit}`);
    }
    expect(missed).toEqual([]);
  });

  it(
    `of a signed payload or a signature is found though all around it is signed again, ${FLIPS} of ${FLIPS} times`,
    { timeout: 120_000 },
    async () => {
      const record = await smallRecord();
      const chain = record.chain(EU);
      const count =
        envelopesIn(chain.records[0]!.record).length +
        envelopesIn(chain.records[1]!.record).length +
        envelopesIn(chain.records[2]!.record).length;
      expect(count).toBe(8);
      const random = randomNumbers(2);
      const missed: string[] = [];
      for (let i = 0; i < FLIPS; i++) {
        const forged = new TestRecord();
        const nth = random(count);
        let seen = 0;
        for (const { record: original } of chain.records) {
          const copy = structuredClone(original);
          for (const envelope of envelopesIn(copy)) if (seen++ === nth) flipIn(envelope, random);
          forged.chain(EU).write(copy.task, copy.events);
        }
        await forged.deliver(EU);
        const report = await verifyRecord({
          trust: trust(),
          checkpoint: await checkpointOf(forged.entries),
          entries: bytesOf(forged.entries),
        });
        const failed = report.checks.filter(({ status }) => status === "failed").map(({ check }) => check);
        // Either the envelope itself is refused by its signature, or its entry has no longer the form of one: never the chain alone.
        if (!failed.some((check) => ["promotions", "restores", "plans", "attestations", "entries"].includes(check)))
          missed.push(`envelope ${nth}: ${failed}`);
      }
      expect(missed).toEqual([]);
    },
  );
});

function envelopesIn(record: ChainRecord): Envelope[] {
  return record.events.flatMap((event) => {
    switch (event.type) {
      case "plan-admitted":
        return [event.envelope];
      case "attested":
      case "stop-lifted":
        return [event.envelope, ...event.chain];
      case "release-learned":
        return [event.promotion.envelope, ...event.promotion.chain];
      default:
        return [];
    }
  });
}

/** One bit of the decoded payload or signature, or of their base64 text. */
function flipIn(envelope: Envelope, random: (below: number) => number): void {
  const target =
    random(2) === 0
      ? { of: envelope, name: "payload" as const }
      : { of: envelope.signatures[0]!, name: "sig" as const };
  const holder = target.of as { [name: string]: string };
  const text = holder[target.name]!;
  if (random(2) === 0) {
    const bytes = Buffer.from(text, "base64");
    holder[target.name] = Buffer.from(flip(bytes, random(bytes.length * 8))).toString("base64");
  } else {
    // The top bit would leave ASCII and with it JSON's plain characters; the others spell another text.
    const bytes = utf8(text);
    const at = random(bytes.length);
    bytes[at]! ^= 1 << random(7);
    holder[target.name] = Buffer.from(bytes).toString("latin1");
  }
}
