/**
 * SQL statements as values. A statement is written with the `sql` tag: what stands between `${}` becomes a bound parameter, or is
 * another fragment and is put in place. A value never becomes part of the text, and the tenant is bound by the adapter alone.
 */

export type SqlValue = string | number | null;
export type Row = { readonly [column: string]: SqlValue };

/** Stands where the tenant is bound. Capabilities never hold the tenant's name, so they cannot bind another one. */
export const TENANT: unique symbol = Symbol("tenant");

/** A piece of SQL: text with `?` for each parameter, in order. */
export type Sql = { readonly text: string; readonly params: readonly (SqlValue | typeof TENANT)[] };

const isSql = (value: unknown): value is Sql => typeof value === "object" && value !== null && "params" in value;

/** sql`SELECT version FROM orders WHERE tenant = ${TENANT} AND id = ${orderId}` */
export function sql(strings: TemplateStringsArray, ...values: readonly (SqlValue | typeof TENANT | Sql)[]): Sql {
  const params: (SqlValue | typeof TENANT)[] = [];
  let text = strings[0]!;
  values.forEach((value, i) => {
    if (isSql(value)) {
      text += value.text;
      params.push(...value.params);
    } else {
      text += "?";
      params.push(value);
    }
    text += strings[i + 1]!;
  });
  return { text, params };
}

/** Fragments one after another with ` AND ` between them; `1` where there are none. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0
    ? { text: "1", params: [] }
    : {
        text: conditions.map(({ text }) => `(${text})`).join(" AND "),
        params: conditions.flatMap(({ params }) => params),
      };

/** The statement with its tenant, ready to bind. Throws where it names no tenant: such a statement would reach every tenant's rows. */
export function bindTenant(
  { text, params }: Sql,
  tenant: string,
): { readonly text: string; readonly params: readonly SqlValue[] } {
  if (!params.includes(TENANT)) throw new TypeError(`a statement without a tenant: ${text}`);
  return { text, params: params.map((param) => (param === TENANT ? tenant : param)) };
}
