/**
 * Replacing items of an order by other items of the same products: what a modification of a pending order and an exchange of a
 * delivered one have in common.
 */
import { ok, type Result } from "../../shared/result.ts";
import { totalCents } from "./money.ts";
import { refuse } from "./refusals.ts";
import type { Method, Order, OrderItem, Variant } from "./rows.ts";

export type Replacement = { readonly item: OrderItem; readonly by: Variant };

/** The places in the order that a list of item ids names; an item named twice takes two places. Null where the order does not hold them all. */
export function takeItems(order: Order, itemIds: readonly string[]): readonly OrderItem[] | null {
  const left = [...order.items];
  const taken: OrderItem[] = [];
  for (const id of itemIds) {
    const at = left.findIndex(({ itemId }) => itemId === id);
    if (at === -1) return null;
    taken.push(...left.splice(at, 1));
  }
  return taken;
}

/** Pairs each item with the new one in the same position of its list. */
export function pairItems(
  order: Order,
  itemIds: readonly string[],
  newItemIds: readonly string[],
  variants: readonly Variant[],
): Result<Replacement[]> {
  if (itemIds.length !== newItemIds.length) return refuse("items-mismatch");
  const items = takeItems(order, itemIds);
  if (items === null) return refuse("items-not-in-order");
  const replacements: Replacement[] = [];
  for (const [i, item] of items.entries()) {
    const by = variants.find(({ itemId }) => itemId === newItemIds[i]);
    if (by === undefined || !by.available) return refuse("item-unavailable");
    if (by.productId !== item.productId) return refuse("item-of-other-product");
    replacements.push({ item, by });
  }
  return ok(replacements);
}

/** What the customer pays for the difference; negative: receives. */
export const differenceCents = (replacements: readonly Replacement[]): number =>
  totalCents(replacements.map(({ by }) => by)) - totalCents(replacements.map(({ item }) => item));

/** Whether a method can pay the difference. Only a gift card has a balance to run out of. */
export const covers = (method: Method, cents: number): boolean =>
  method.balanceCents === null || method.balanceCents >= cents;

const inWords = (options: Variant["options"]): string =>
  options.map(({ name, value }) => `${name} ${value}`).join(", ");
export const describe = ({ item, by }: Replacement) => ({
  what: item.name,
  from: `${item.itemId} (${inWords(item.options)})`,
  to: `${by.itemId} (${inWords(by.options)})`,
});
