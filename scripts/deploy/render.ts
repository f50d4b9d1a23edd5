/**
 * A wrangler.toml as it is deployed: with the account's database ids and the trust configuration in place.
 * It is written beside the original as `wrangler.deploy.toml` (never committed), because its paths are relative.
 */

/** Stands for a database id that only the account knows. */
const PLACEHOLDER = /^00000000-0000-4000-8000-\d{12}$/;

/**
 * @param toml the text of a wrangler.toml
 * @param idByDatabase ids by database name
 * @param trust the trust configuration as JSON, for the Workers that have one
 * @throws where a database id or the place of the trust configuration is missing: a Worker that trusts nobody, or a wrong database, is not deployed. Nor is one with development settings, or targets without a binding
 */
export function renderConfig(toml: string, idByDatabase: ReadonlyMap<string, string>, trust: string | null): string {
  let database: string | undefined;
  let hasTrust = false;
  const lines = toml.split("\n").map((line) => {
    if (line.startsWith("[")) database = undefined;
    const name = /^database_name\s*=\s*"([^"]+)"/.exec(line)?.[1];
    if (name !== undefined) database = name;
    const id = /^database_id\s*=\s*"([^"]+)"/.exec(line)?.[1];
    if (id !== undefined && PLACEHOLDER.test(id)) {
      const real = idByDatabase.get(database ?? "");
      if (real === undefined) throw new Error(`no id is known for the database ${database ?? "(unnamed)"}`);
      return `database_id = "${real}"`;
    }
    if (/^HTTP_TARGETS\s*=.*development/.test(line))
      throw new Error("HTTP_TARGETS holds development settings: they stand in .dev.vars alone");
    for (const [, binding] of line.startsWith("WORKER_TARGETS") ? line.matchAll(/:\s*"([A-Z][A-Z0-9_]*)"/g) : [])
      if (!toml.includes(`binding = "${binding}"`))
        throw new Error(`WORKER_TARGETS names ${binding}, and there is no such service binding`);
    if (trust !== null && /^TRUST\s*=/.test(line)) {
      hasTrust = true;
      return `TRUST = '${trust}'`;
    }
    return line;
  });
  if (trust !== null && !hasTrust) throw new Error("the configuration has no TRUST to fill");
  return lines.join("\n");
}
