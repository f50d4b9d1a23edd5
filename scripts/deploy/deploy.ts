/**
 * The deployment itself: resources, then each Worker in order (its migrations, then its code with its secrets), then the tenant's rows.
 * Every step may be repeated: what exists is kept, migrations that ran do not run again, keys stay the same.
 * wrangler is passed in, so that the order can be tested without an account.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { controlSql } from "../lib/control-seed.ts";
import { secretsOf, trustOf, TRUSTING_WORKERS } from "../lib/keys.ts";
import { DATABASES, inRoot, workerByName } from "../lib/project.ts";
import type { Ran } from "../lib/run.ts";
import { reasonIn } from "../lib/run.ts";
import type { DeployPlan, Resource } from "./plan.ts";
import type { ProductionState } from "./production-state.ts";
import { renderConfig } from "./render.ts";

export type Wrangler = (args: readonly string[]) => Promise<Ran>;
/** A step that failed, in one line. */
export class DeployFailure extends Error {}

/** Commands that create a resource. */
const CREATE: { readonly [kind in Resource["kind"]]: (name: string) => readonly string[] } = {
  database: (name) => ["d1", "create", name],
  queue: (name) => ["queues", "create", name],
  bucket: (name) => ["r2", "bucket", "create", name],
};
/** Every object of the bucket, whatever its name. */
const LOCK = (bucket: string, rule: string): readonly string[] =>
  ["r2", "bucket", "lock", "add"].concat(bucket, rule, "", "--retention-indefinite", "--force");
const ALREADY_THERE = /already (?:exists|taken|own)|is already/i;

export async function deploy(
  plan: DeployPlan,
  state: ProductionState,
  wrangler: Wrangler,
  log: (line: string) => void,
): Promise<void> {
  const step = async (what: string, args: readonly string[], accept?: RegExp): Promise<string> => {
    log(what);
    const { code, output } = await wrangler(args);
    if (code !== 0 && accept?.test(output) !== true) throw new DeployFailure(`${what}: ${reasonIn(output)}`);
    return output;
  };

  for (const { kind, name, lock } of plan.resources) {
    await step(`${kind} ${name}`, CREATE[kind](name), ALREADY_THERE);
    if (lock !== undefined) await step(`lock ${name}`, LOCK(name, lock), ALREADY_THERE);
  }
  const idByDatabase = databaseIds(await step("database ids", ["d1", "list", "--json"]));

  const trust = JSON.stringify(trustOf(state.workers, [state.tenant]));
  const secrets = secretsOf(state.workers);
  const temporary: string[] = [];
  const write = (file: string, text: string): string => {
    mkdirSync(inRoot(".countersign"), { recursive: true, mode: 0o700 });
    temporary.push(inRoot(file));
    writeFileSync(inRoot(file), text, { mode: 0o600 });
    return inRoot(file);
  };
  try {
    for (const { name, secrets: names } of plan.workers) {
      const { config } = workerByName(name);
      const rendered = renderConfig(
        readFileSync(inRoot(config), "utf8"),
        idByDatabase,
        TRUSTING_WORKERS.includes(name) ? trust : null,
      );
      const file = write(config.replace(/\.toml$/, ".deploy.toml"), rendered);
      for (const database of DATABASES.filter((candidate) => candidate.worker === name))
        await step(`migrations ${database.name}`, [
          "d1",
          "migrations",
          "apply",
          database.binding,
          "--remote",
          "-c",
          file,
        ]);
      const values = write(
        `.countersign/${name}.secrets.json`,
        JSON.stringify(Object.fromEntries(names.map((key) => [key, secrets[name]![key]]))),
      );
      await step(`worker ${name} with ${names.join(", ")}`, ["deploy", "-c", file, "--secrets-file", values]);
    }
    const sql = write(".countersign/control.sql", `${controlSql(state.tenant, Date.now()).join(";\n")};\n`);
    const control = inRoot(workerByName("countersign").config.replace(/\.toml$/, ".deploy.toml"));
    await step(`tenant ${state.tenant.tenant}`, [
      "d1",
      "execute",
      "CONTROL_DB",
      "--remote",
      "--yes",
      "-c",
      control,
      "--file",
      sql,
    ]);
  } finally {
    for (const file of temporary) rmSync(file, { force: true });
  }
}

/** Ids by name from `wrangler d1 list --json`, whose output may begin with a line that is not JSON. */
function databaseIds(output: string): ReadonlyMap<string, string> {
  const rows = JSON.parse(output.slice(output.indexOf("["))) as readonly { name: string; uuid: string }[];
  return new Map(rows.map((row) => [row.name, row.uuid]));
}
