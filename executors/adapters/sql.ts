/**
 * SQL statements as values. A statement is written with the `sql` tag: what stands between `${}` becomes a bound parameter, or is
 * another fragment and is put in place. A value never becomes part of the text, and the tenant is bound by the adapter alone.
 */

export type SqlValue = string | number | null;
export type Row = { readonly [column: string]: SqlValue };

/** Stands where the tenant is bound. Capabilities never hold the tenant's name, so they cannot bind another one. */
export const TENANT: unique symbol = Symbol("tenant");

/** A piece of SQL: the texts around its parameters, one more than there are parameters. */
export type Sql = { readonly strings: readonly string[]; readonly params: readonly (SqlValue | typeof TENANT)[] };

const isSql = (value: unknown): value is Sql => typeof value === "object" && value !== null && "params" in value;

/** sql`SELECT version FROM orders WHERE tenant = ${TENANT} AND id = ${orderId}` */
export function sql(parts: readonly string[], ...values: readonly (SqlValue | typeof TENANT | Sql)[]): Sql {
  const strings = [parts[0]!];
  const params: (SqlValue | typeof TENANT)[] = [];
  const append = (text: string) => (strings[strings.length - 1] += text);
  values.forEach((value, i) => {
    if (isSql(value)) {
      append(value.strings[0]!);
      strings.push(...value.strings.slice(1));
      params.push(...value.params);
      append(parts[i + 1]!);
    } else {
      params.push(value);
      strings.push(parts[i + 1]!);
    }
  });
  return { strings, params };
}

/** Fragments one after another, with `by` between them. */
export function joined(fragments: readonly Sql[], by: string): Sql {
  return fragments.reduce((all, one, i) => (i === 0 ? one : sql(["", by, ""], all, one)), sql``);
}

/** All conditions at once; `1` where there are none. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0
    ? sql`1`
    : joined(
        conditions.map((condition) => sql`(${condition})`),
        " AND ",
      );

/** The fragment itself. Throws where it names no tenant: such a piece would reach every tenant's rows. */
export function withTenant(fragment: Sql): Sql {
  if (!fragment.params.includes(TENANT)) throw new TypeError(`SQL without a tenant: ${fragment.strings.join("?")}`);
  return fragment;
}

/** A statement as a database takes it. Parameters are numbered; the tenant is the first, however often it stands in the text. */
export type BoundSql = { readonly text: string; readonly params: readonly SqlValue[] };

/** The statement with its tenant, ready to bind. Throws where it names no tenant. */
export function bindTenant(statement: Sql, tenant: string): BoundSql {
  const { strings, params } = withTenant(statement);
  const bound: SqlValue[] = [tenant];
  let text = strings[0]!;
  params.forEach((param, i) => {
    text += `?${param === TENANT ? 1 : bound.push(param)}${strings[i + 1]!}`;
  });
  return { text, params: bound };
}
