import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DATABASES, inRoot, WORKERS } from "../../scripts/lib/project.ts";
import { readWorkerConfigs } from "../../scripts/lib/worker-configs.ts";
import { bindingViolations, CHECKED_FILE, importViolations, PLANES } from "../support/arrows.ts";
import { plantedConfig } from "../support/planted-config.ts";

const filesOf = (folder: string): readonly string[] =>
  readdirSync(inRoot(folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => CHECKED_FILE.test(file) && !/\/(?:dist|node_modules)\//.test(file));

const configs = readWorkerConfigs(WORKERS.map((worker) => inRoot(worker.config)));

describe("the repository", () => {
  it.each([...PLANES, "shared"])("%s imports only shared/ and itself", (folder) => {
    expect(filesOf(folder).flatMap((file) => importViolations(file, readFileSync(inRoot(file), "utf8")))).toEqual([]);
  });

  it("bindings run one way and each database has one owner", () => {
    expect(bindingViolations(configs)).toEqual([]);
  });

  it("the scripts know exactly the databases that are bound", () => {
    const bound = configs.flatMap(({ name, config }) =>
      config.d1_databases.map((database) => `${name} ${database.binding} ${database.database_name}`),
    );
    expect([...new Set(bound)].toSorted()).toEqual(
      DATABASES.map((database) => `${database.worker} ${database.binding} ${database.name}`).toSorted(),
    );
  });
});

describe("the checker of imports", () => {
  const cases = [
    ["a value", 'import { Sequencer } from "../ledger/sequencer.ts";'],
    ["a type", 'import type { State } from "../ledger/schema.ts";'],
    ["a re-export", 'export * from "../ledger/schema.ts";'],
    ["a side effect", 'import "../ledger/index.ts";'],
    ["several lines", 'import {\n  a,\n  b,\n} from\n  "../ledger/index.ts";'],
    ["a dynamic import", 'const ledger = await import("../ledger/index.ts");'],
    ["a computed specifier", "const ledger = await import(folder);"],
    ["a type expression", 'type State = import("../ledger/schema.ts").State;'],
    ["a way through shared", 'import "../shared/../ledger/index.ts";'],
    ["scripts", 'import { run } from "../scripts/lib/run.ts";'],
  ] as const;
  it.each(cases)("finds an import of another plane: %s", (_, source) => {
    expect(importViolations("executors/planted.ts", source)).not.toEqual([]);
  });

  it("finds a plane that shared reaches for", () => {
    expect(importViolations("shared/policy/planted.ts", 'import "../../executors/task/state.ts";')).not.toEqual([]);
  });

  it("lets a plane import shared, itself and packages", () => {
    const source =
      'import * as z from "zod";\nimport { ok } from "../../shared/result.ts";\nimport { evolve } from "./evolve.ts";\nimport { D1 } from "../adapters/d1.ts";';
    expect(importViolations("executors/task/planted.ts", source)).toEqual([]);
  });

  it("lets tests and scripts import any plane, and takes comments for comments", () => {
    expect(importViolations("test/unit/planted.test.ts", 'import "../../ledger/index.ts";')).toEqual([]);
    expect(
      importViolations("executors/planted.ts", '// as in import "../ledger/index.ts"\n/* from "../cli/a.ts" */'),
    ).toEqual([]);
  });
});

describe("the checker of bindings", () => {
  const ledger = 'name = "countersign-ledger"\ncompatibility_date = "2026-10-01"\n';
  const cases = [
    ["a service", '[[services]]\nbinding = "X"\nservice = "countersign-executors"\n'],
    [
      "a Durable Object",
      '[[durable_objects.bindings]]\nname = "X"\nclass_name = "RegionalExecutor"\nscript_name = "countersign-executors"\n',
    ],
    ["an environment of its own", '[[env.production.services]]\nbinding = "X"\nservice = "countersign"\n'],
    ["a Worker that nobody knows", '[[services]]\nbinding = "X"\nservice = "stranger"\n'],
  ] as const;
  it.each(cases)("finds an arrow against the direction: %s", (_, toml) => {
    expect(bindingViolations(plantedConfig(ledger + toml))).not.toEqual([]);
  });

  it("finds a database with two owners, by its name and by its id", () => {
    const second = (name: string, id: string) =>
      plantedConfig(`${ledger}[[d1_databases]]\nbinding = "X"\ndatabase_name = "${name}"\ndatabase_id = "${id}"\n`);
    const owned = configs.find(({ name }) => name === "countersign")!.config.d1_databases[0]!;
    expect(bindingViolations([...configs, ...second("countersign-control", "other")])).not.toEqual([]);
    expect(bindingViolations([...configs, ...second("other", owned.database_id!)])).not.toEqual([]);
  });
});
