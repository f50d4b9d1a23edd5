/** Made-up mails of customers with their labels: some clear, some that could be either. The same seed gives the same mails. */
import type { Example } from "../../shared/classifier/schema.ts";

const WORDS = {
  refund: ["money back please", "I want a refund", "refund my order", "you charged me twice", "return the payment"],
  exchange: ["swap it for another size", "exchange this shirt", "a different colour please", "wrong size, swap it"],
  other: ["when do you open", "thank you for the help", "how do I reach the shop", "is the shop in Berlin"],
} as const;
const SMALL_TALK = [
  "hello",
  "good morning",
  "my order arrived",
  "the parcel came today",
  "kind regards",
  "I bought a shirt",
];

export type Label = keyof typeof WORDS;

export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `noise`: the part of mails whose words say another label than theirs. */
export function mails(count: number, seed: number, noise = 0.1): Example[] {
  const chance = seeded(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;
  const labels = Object.keys(WORDS) as Label[];
  return Array.from({ length: count }, (_, i) => {
    const label = labels[i % labels.length]!;
    const said = chance() < noise ? one(labels) : label;
    const text = [one(SMALL_TALK), one(WORDS[said]), one(SMALL_TALK)].join(". ");
    return { input: { text, amountCents: Math.floor(chance() * 10_000), channel: one(["mail", "chat"]) }, label };
  });
}
