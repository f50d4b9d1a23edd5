/** The business databases of this Worker by region. A region is added with a binding in wrangler.toml and a line here. */

export type DatabaseBindings = { readonly BUSINESS_EU: D1Database; readonly BUSINESS_US: D1Database };

export function businessDatabase(env: DatabaseBindings, region: string): D1Database | null {
  switch (region) {
    case "eu":
      return env.BUSINESS_EU;
    case "us":
      return env.BUSINESS_US;
    default:
      return null;
  }
}
