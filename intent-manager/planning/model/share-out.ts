/**
 * A whole number as whole parts, by weight: exact, the same each time, and where it is no more than all weights together, no part is more than its
 * weight. So what was reserved for a part holds for it when the call is settled.
 */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  if (all === 0)
    return shareOut(
      total,
      weights.map(() => 1),
    );
  const parts = weights.map((weight) => Math.floor((total * weight) / all));
  const rests = weights.map((weight) => (total * weight) % all);
  const left = total - parts.reduce((sum, part) => sum + part, 0);
  // The largest remainders get one more each, of equal ones the first.
  const order = rests.map((_, i) => i).toSorted((a, b) => rests[b]! - rests[a]! || a - b);
  for (const i of order.slice(0, left)) parts[i]! += 1;
  return parts;
}
