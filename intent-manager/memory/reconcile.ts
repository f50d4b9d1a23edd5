/**
 * Reconciliation of memory: what has expired goes, vectors of an earlier text or embedding are made anew, and the index of a canonical namespace
 * is held against the control database, both ways.
 *
 * C1  The control database is right: what the index has too much is removed, what it lacks or has of another version is made.
 * C2  A run is bounded for each namespace; what it did not come to is named, and the next run goes on.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { CanonicalItems } from "./canonical.ts";
import type { Embedder } from "./embedder.ts";
import type { Item } from "./items.ts";
import { inCalls, type Opened, TenantMemory } from "./memory.ts";
import { listNamespaces } from "./namespaces.ts";
import { spaceOf, type VectorIndex } from "./vector-index.ts";
import type { Bindings } from "../bindings.ts";

export type Reconciled = {
  readonly looked: number;
  readonly found: number;
  readonly repaired: number;
  readonly named: readonly string[];
};
const CALM: Reconciled = { looked: 0, found: 0, repaired: 0, named: [] };

export async function reconcileMemory(env: Bindings, tenant: string): Promise<Reconciled> {
  const memory = new TenantMemory(env, tenant);
  let sum = CALM;
  for (const namespace of await listNamespaces(env.CONTROL_DB, tenant)) {
    const opened = memory.opened(namespace);
    const one = opened.ok ? await reconcile(opened.value) : wholly(namespace.name, opened.problem.code);
    sum = plus(sum, one);
  }
  return sum;
}

async function reconcile(opened: Opened): Promise<Reconciled> {
  const { namespace, items, index, embedder } = opened;
  if (items === null) return vectorsOnly(opened);
  if (index === null) return CALM;
  const surplus = await removeSurplus(items, index);
  return plus(surplus, await makeMissing(namespace.name, items, index, embedder));
}

/** Tier `vector`: expired items, and vectors of an earlier embedding. */
async function vectorsOnly({ namespace, embedder, object }: Opened): Promise<Reconciled> {
  const space = spaceOf(embedder, namespace.settings, true);
  const pruned = await object.prune();
  const { items, stale } = await object.counts(space);
  let made = 0;
  for (const group of inCalls(await object.stale(space, LIMITS.memoryRefreshed))) {
    const vectors = await embedder.embed(group.map(({ text }) => text));
    if (!vectors.ok) break;
    made += await object.refresh(
      space,
      group.map(({ key, version }, i) => ({ key, version, vector: vectors.value[i]! })),
    );
  }
  return {
    looked: items + pruned,
    found: stale + pruned,
    repaired: made + pruned,
    named: left(namespace.name, stale - made),
  };
}

/** What the index has and the database has not. */
async function removeSurplus(items: CanonicalItems, index: VectorIndex): Promise<Reconciled> {
  let found = 0;
  for (let after = ""; ;) {
    const page = await index.page(after, LIMITS.memoryPage);
    if (page === null || page.length === 0) break;
    const there = new Set((await items.many(page.map(({ key }) => key))).map(({ key }) => key));
    const surplus = page.map(({ key }) => key).filter((key) => !there.has(key));
    if (surplus.length > 0) await index.remove(surplus);
    found += surplus.length;
    after = page.at(-1)!.key;
  }
  return { ...CALM, found, repaired: found };
}

/** What the database has, and the index not, or not of this version and embedding. C2. */
async function makeMissing(
  name: string,
  items: CanonicalItems,
  index: VectorIndex,
  embedder: Embedder,
): Promise<Reconciled> {
  let [looked, found, repaired] = [0, 0, 0];
  for (let after = ""; ;) {
    const page = await items.page(after, LIMITS.memoryPage);
    if (page.length === 0) break;
    looked += page.length;
    const known = new Map((await index.lookup(page.map(({ key }) => key))).map((one) => [one.key, one]));
    const missing = page.filter(({ key, version }) => {
      const one = known.get(key);
      return one === undefined || one.version !== version || one.embedding !== embedder.name;
    });
    found += missing.length;
    if (repaired < LIMITS.memoryRefreshed) repaired += await make(missing, index, embedder);
    after = page.at(-1)!.key;
  }
  return { looked, found, repaired, named: left(name, found - repaired) };
}

async function make(missing: readonly Item[], index: VectorIndex, embedder: Embedder): Promise<number> {
  let made = 0;
  for (const group of inCalls(missing)) {
    const vectors = await embedder.embed(group.map(({ text }) => text));
    if (!vectors.ok) break;
    // An older vector of the same version would stand in the way of a new one.
    await index.remove(group.map(({ key }) => key));
    for (const [i, item] of group.entries()) if ((await index.put(item, vectors.value[i]!)).ok) made++;
  }
  return made;
}

const left = (name: string, count: number): string[] =>
  count > 0 ? [`${name}: ${count} items without a current vector`] : [];
const wholly = (name: string, code: string): Reconciled => ({ ...CALM, found: 1, named: [`${name}: ${code}`] });
const plus = (a: Reconciled, b: Reconciled): Reconciled => ({
  looked: a.looked + b.looked,
  found: a.found + b.found,
  repaired: a.repaired + b.repaired,
  named: [...a.named, ...b.named],
});
