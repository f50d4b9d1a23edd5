import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { describePlan, PLAN, uncovered } from "../../scripts/deploy/plan.ts";
import { renderConfig } from "../../scripts/deploy/render.ts";
import { newTenantKeys, newWorkerKeys } from "../../scripts/lib/keys.ts";
import { inRoot, WORKERS } from "../../scripts/lib/project.ts";
import { readWorkerConfigs } from "../../scripts/lib/worker-configs.ts";
import { plantedConfig } from "../support/planted-config.ts";

const LEDGER = readFileSync(inRoot("ledger/wrangler.toml"), "utf8");
const planted = (toml: string) => plantedConfig(`${LEDGER}\n${toml}`).flatMap((worker) => uncovered(worker, PLAN));

describe("the deployment plan", () => {
  it("creates everything that the three configurations name", () => {
    expect(
      readWorkerConfigs(WORKERS.map((worker) => inRoot(worker.config))).flatMap((worker) => uncovered(worker, PLAN)),
    ).toEqual([]);
  });

  const bindings = [
    ["a database", '[[d1_databases]]\nbinding = "X"\ndatabase_name = "planted"\ndatabase_id = "x"\n', "planted"],
    ["a queue that is written", '[[queues.producers]]\nbinding = "X"\nqueue = "planted"\n', "planted"],
    ["a queue that is read", '[[queues.consumers]]\nqueue = "planted"\n', "planted"],
    ["a bucket", '[[r2_buckets]]\nbinding = "X"\nbucket_name = "planted"\n', "planted"],
    ["a key-value namespace", '[[kv_namespaces]]\nbinding = "PLANTED"\nid = "x"\n', "PLANTED"],
    ["an index", '[[vectorize]]\nbinding = "PLANTED"\nindex_name = "x"\n', "PLANTED"],
    ["a Worker that stands later", '[[services]]\nbinding = "X"\nservice = "countersign"\n', "countersign"],
    ["a class without a migration", '[[durable_objects.bindings]]\nname = "X"\nclass_name = "Planted"\n', "Planted"],
    [
      "a bucket of one environment",
      '[env.production]\n[[env.production.r2_buckets]]\nbinding = "X"\nbucket_name = "planted"\n',
      "planted",
    ],
  ] as const;
  it.each(bindings)("names a binding that no step creates: %s", (_, toml, name) => {
    expect(planted(toml).join("\n")).toContain(name);
  });

  it("names a secret that is required and never set", () => {
    const toml = LEDGER.replace('"CHECKPOINT_KEY",', '"CHECKPOINT_KEY", "PLANTED",');
    expect(plantedConfig(toml).flatMap((worker) => uncovered(worker, PLAN))).toEqual([
      expect.stringContaining("the secret PLANTED"),
    ]);
  });

  it("lists databases before Workers, and each Worker after those it binds", () => {
    const order = describePlan(PLAN).join("\n");
    const at = (text: string) => order.indexOf(text);
    expect(at("database countersign-control")).toBeLessThan(at("worker   countersign-ledger"));
    expect(at("secret   CHECKPOINT_KEY")).toBeLessThan(at("worker   countersign-ledger"));
    expect(at("worker   countersign-ledger")).toBeLessThan(at("worker   countersign-executors"));
    expect(at("worker   countersign-executors")).toBeLessThan(order.search(/worker {3}countersign$/m));
  });
});

describe("a deployed configuration", () => {
  it("has the account's database ids and the trust configuration", () => {
    const rendered = renderConfig(LEDGER, new Map([["countersign-ledger", "11111111-2222"]]), '{"a":1}');
    expect(rendered).toContain('database_id = "11111111-2222"');
    expect(rendered).toContain(`TRUST = '{"a":1}'`);
    expect(rendered).not.toContain("00000000-0000");
  });

  it("is refused where an id or the place for the trust configuration is missing", () => {
    expect(() => renderConfig(LEDGER, new Map(), null)).toThrow("countersign-ledger");
    expect(() => renderConfig("", new Map(), "{}")).toThrow("TRUST");
  });

  it("is refused where outside systems are set up for development", () => {
    const toml = `${LEDGER}\nHTTP_TARGETS = '{"development":true,"origins":{"a":"http://localhost:1"}}'`;
    expect(() => renderConfig(toml, new Map([["countersign-ledger", "1"]]), "{}")).toThrow("HTTP_TARGETS");
  });

  it("is refused where a target names a service binding that is not there", () => {
    const toml = `TRUST = "{}"\nWORKER_TARGETS = '{"bindings":{"warehouse":"WAREHOUSE"}}'`;
    const service = `\n[[services]]\nbinding = "WAREHOUSE"\nservice = "warehouse"`;
    expect(() => renderConfig(toml, new Map(), "{}")).toThrow("WAREHOUSE");
    expect(renderConfig(toml + service, new Map(), "{}")).toContain("WAREHOUSE");
  });
});

describe("a deployment", () => {
  const state = { tenant: newTenantKeys("acme"), workers: newWorkerKeys() };
  const ids = JSON.stringify(PLAN.resources.map(({ name }, at) => ({ name, uuid: `id-${at}` })));

  it("creates, migrates, deploys and seeds in order, and never puts a secret on a command line", async () => {
    const calls: string[] = [];
    await deploy(
      PLAN,
      state,
      async (args) => {
        calls.push(args.join(" "));
        return { code: 0, output: args[1] === "list" ? `note\n${ids}` : "" };
      },
      () => {},
    );
    const at = (part: string) => calls.findIndex((call) => call.includes(part));
    const order = [
      "d1 create countersign-ledger",
      "r2 bucket create countersign-log-archive",
      "r2 bucket lock add countersign-log-archive written-once  --retention-indefinite",
      "d1 list",
      "apply LEDGER_DB",
      "deploy -c " + inRoot("ledger/wrangler.deploy.toml"),
      "apply BUSINESS_EU",
      "deploy -c " + inRoot("executors/wrangler.deploy.toml"),
      "apply CONTROL_DB",
      "deploy -c " + inRoot("wrangler.deploy.toml"),
      "execute CONTROL_DB",
    ].map(at);
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const secret of [
      state.workers.taskIdSecret,
      state.workers.proposalKey.d,
      ...Object.values(state.tenant.apiKeys),
    ])
      expect(calls.join("\n")).not.toContain(secret);
  });

  it("stops at the first step that fails, except where the thing is there already", async () => {
    const calls: string[] = [];
    const failing = deploy(
      PLAN,
      state,
      async (args) => {
        calls.push(args.join(" "));
        if (args[1] === "create") return { code: 1, output: "X [ERROR] A database with that name already exists" };
        return args[1] === "list" ? { code: 0, output: ids } : { code: 1, output: "X [ERROR] no such thing" };
      },
      () => {},
    );
    await expect(failing).rejects.toThrow("no such thing");
    expect(calls.filter((call) => call.startsWith("deploy"))).toEqual([]);
  });
});
