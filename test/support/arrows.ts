/**
 * The arrows between the planes, as functions over texts and configurations, so that the checker itself can be tested.
 *
 * A1  Each plane imports `shared/` and itself; `shared/` imports only itself; scripts and tests import what they like.
 * A2  Bindings run intent-manager → executors → ledger and intent-manager → ledger, and no other way.
 * A3  Each database is bound in exactly one configuration file.
 */
import { posix } from "node:path";
import { boundWorkers, type WorkerConfig } from "../../scripts/lib/worker-configs.ts";

export const PLANES = ["intent-manager", "executors", "ledger", "console", "cli"] as const;

/** Folders that the files of a folder may import. Folders that are not named here are free. */
const IMPORTABLE = new Map<string, readonly string[]>([
  ["shared", ["shared"]],
  ...PLANES.map((plane) => [plane, ["shared", plane]] as const),
]);

const BINDABLE = new Map<string, readonly string[]>([
  ["countersign", ["countersign-executors", "countersign-ledger"]],
  ["countersign-executors", ["countersign-ledger"]],
  ["countersign-ledger", []],
]);

export const CHECKED_FILE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Violations of A1 in one file. @param file path relative to the root, with slashes */
export function importViolations(file: string, source: string): readonly string[] {
  const folder = file.split("/")[0]!;
  const allowed = IMPORTABLE.get(folder);
  if (allowed === undefined) return [];
  const code = withoutComments(source);
  const literal = [...code.matchAll(/(?:\bfrom|\bimport|\brequire|\bnew\s+URL)\s*\(?\s*(["'`])([^"'`\n]+)\1/g)]
    .map((match) => match[2]!)
    .filter((specifier) => /^\.{0,2}\//.test(specifier) || specifier.startsWith("file:"))
    .map((specifier) => posix.normalize(posix.join(posix.dirname(file), specifier)))
    .filter((target) => !allowed.includes(target.split("/")[0]!))
    .map((target) => `${file} imports ${target}`);
  // A specifier that is computed cannot be checked.
  const computed = /\bimport\s*\(\s*[^\s"'`)]/.test(code) ? [`${file} imports a computed specifier`] : [];
  return [...literal, ...computed];
}

/** Good enough for finding imports: a string that contains the beginning of a comment can only hide what follows on its line. */
const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|\s)\/\/.*$/gm, "$1");

/** Violations of A2 and A3. */
export function bindingViolations(configs: readonly WorkerConfig[]): readonly string[] {
  const wrongWay = configs.flatMap((worker) =>
    boundWorkers(worker)
      .filter((target) => !(BINDABLE.get(worker.name) ?? []).includes(target))
      .map((target) => `${worker.source} binds ${target}`),
  );
  const ownerByDatabase = new Map<string, string>();
  const shared = configs.flatMap(({ name, source, config }) =>
    config.d1_databases.flatMap((database) =>
      [`name ${database.database_name}`, `id ${database.database_id}`].flatMap((key) => {
        const owner = ownerByDatabase.get(key) ?? name;
        ownerByDatabase.set(key, owner);
        return owner === name ? [] : [`${source} binds the database with ${key}, which ${owner} binds`];
      }),
    ),
  );
  return [...wrongWay, ...shared];
}
