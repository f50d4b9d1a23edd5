/** One namespace of memory: the object as shipped, filled with random vectors of length 1 and searched with others. */
import { VectorBook } from "../../../intent-manager/memory/vector-book.ts";
import { DurableObject } from "cloudflare:workers";

const EMBEDDING = "bench-1/512";
const spaceOf = (url) => ({
  embedding: EMBEDDING,
  dimensions: Number(url.searchParams.get("dimensions")),
  maxItems: 20_000,
  maxBytes: 200_000_000,
  evicts: false,
});

export class Vectors extends DurableObject {
  #book = new VectorBook(this.ctx.storage.sql);

  async fill(space, from, count) {
    const now = Date.now();
    for (let i = from; i < from + count; i++)
      this.#book.put(
        space,
        {
          key: `item-${i}`,
          id: `mem_${i}`,
          text: `the text of item ${i}`,
          vector: vector(i, space.dimensions),
          version: 0,
          versions: "own",
          expect: null,
          source: "bench",
          contract: "1.0.0",
          by: "key_bench",
          atMs: now,
          expiresMs: null,
          subjects: [],
        },
        now,
      );
    return count;
  }

  async search(space, seed) {
    const asked = { top: 10, minScore: -1, notBeforeMs: null, subjects: null };
    return this.#book.recall(space, { vector: vector(seed, space.dimensions), ...asked }, Date.now()).value.length;
  }

  /** As after an eviction: nothing is in memory. */
  async cool() {
    this.#book = new VectorBook(this.ctx.storage.sql);
  }
}

/** The same for the same seed. */
function vector(seed, dimensions) {
  const made = new Float32Array(dimensions);
  let state = (seed + 1) * 2_654_435_761;
  let sum = 0;
  for (let i = 0; i < dimensions; i++) {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    made[i] = (state >>> 0) / 4_294_967_296 - 0.5;
    sum += made[i] ** 2;
  }
  const scale = 1 / Math.sqrt(sum);
  return made.map((x) => x * scale);
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const number = (name) => Number(url.searchParams.get(name));
    const stub = env.VECTORS.getByName("bench/memory");
    const space = spaceOf(url);
    if (url.pathname === "/fill") return Response.json(await stub.fill(space, number("from"), number("count")));
    if (url.pathname === "/cool") await stub.cool();
    const begin = performance.now();
    const found = await stub.search(space, number("seed"));
    return Response.json({ ms: performance.now() - begin, found });
  },
};
