/**
 * The catalogue: product types, and the items of one product with their options, prices and availability.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { ok } from "../../shared/result.ts";
import { readContract } from "./contract.ts";
import { notFound } from "./refusals.ts";
import { toVariant } from "./rows.ts";
import { boolean, cents, itemId, list, object, options, productId, text, trusted, version } from "./schemas.ts";

/** A catalogue of more types needs paging. */
const MOST_PRODUCTS = 500;
const MOST_VARIANTS = 200;

export const listProducts: D1Definition<Record<string, never>, "products"> = {
  contract: readContract({
    name: "products.list",
    summary: "Lists the names and ids of all product types.",
    input: object({}),
    output: trusted(object({ products: list(object({ productId, name: text(200), version }), MOST_PRODUCTS) })),
    roles: {},
    tags: [],
  }),
  read: () => ({
    products: sql`SELECT id, name, version FROM products WHERE tenant = ${TENANT} ORDER BY name LIMIT ${MOST_PRODUCTS}`,
  }),
  answer: (_, { products }) =>
    ok({
      products: products.map(({ id, name, version: at }) => ({
        productId: id!,
        name: name!,
        version: at!,
      })),
    }),
};

export const getProduct: D1Definition<{ readonly productId: string }, "product" | "variants"> = {
  contract: readContract({
    name: "products.get",
    summary: "Reads a product with its items: options, price and whether each is available.",
    input: object({ productId }),
    output: trusted(
      object({
        productId,
        name: text(200),
        items: list(object({ itemId, options, available: boolean, priceCents: cents, version }), MOST_VARIANTS),
        version,
      }),
    ),
    roles: { target: ["productId"] },
    tags: [],
  }),
  read: ({ productId: id }) => ({
    product: sql`SELECT id, name, version FROM products WHERE tenant = ${TENANT} AND id = ${id}`,
    variants: sql`SELECT * FROM variants WHERE tenant = ${TENANT} AND product_id = ${id} ORDER BY id LIMIT ${MOST_VARIANTS}`,
  }),
  answer: (_, { product: [product], variants }) => {
    if (product === undefined) return notFound("product");
    const items = variants
      .map(toVariant)
      .map(({ itemId: id, options: chosen, available, priceCents, version: at }) => ({
        itemId: id,
        options: chosen,
        available,
        priceCents,
        version: at,
      }));
    return ok({ productId: product.id!, name: product.name!, items, version: product.version! });
  },
};
