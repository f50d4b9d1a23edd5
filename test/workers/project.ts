/**
 * The vitest project of one Worker: its tests run inside workerd beside its real code, with the bindings of its own wrangler.toml.
 * Workers that its bindings name are stubs (stubs.ts): a project tests one Worker. Every run has fresh keys, in the Worker's own
 * bindings and, whole, in the binding TEST_KEYS (test/workers/keys.ts); migrations are applied before each file.
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import type { TestProjectInlineConfiguration } from "vitest/config";
import { newTenantKeys, newWorkerKeys, secretsOf, trustOf, TRUSTING_WORKERS } from "../../scripts/lib/keys.ts";
import { DATABASES, inRoot, WORKERS, type WorkerProject } from "../../scripts/lib/project.ts";
import { STUBS } from "./stubs.ts";

export async function workerProject(folder: WorkerProject["folder"]): Promise<TestProjectInlineConfiguration> {
  const worker = WORKERS.find((candidate) => candidate.folder === folder)!;
  const keys = { tenant: newTenantKeys("dev"), workers: newWorkerKeys() };
  // Storage is fresh for each file, not for each test: a test that wants a world of its own takes a tenant of its own.
  const spare = Array.from({ length: 64 }, (_, i) => newTenantKeys(`t${i + 1}`));
  const trust = trustOf(keys.workers, [keys.tenant, ...spare]);
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: inRoot(worker.config) },
        miniflare: {
          bindings: {
            ...secretsOf(keys.workers)[worker.name],
            ...(TRUSTING_WORKERS.includes(worker.name) ? { TRUST: JSON.stringify(trust) } : {}),
            TEST_KEYS: plain({ ...keys, spare, trust }),
            TEST_MIGRATIONS: plain(await migrationsOf(worker.name)),
          },
          workers: STUBS[folder],
        },
      }),
    ],
    test: {
      name: folder,
      include: [`test/workers/${folder}/**/*.test.ts`],
      testTimeout: 30_000,
      // A runtime, with the modules that it has loaded, serves many files: migrate.ts gives each an empty storage. Not so in the ledger, whose
      // tests leave objects behind that go on by their alarms.
      isolate: folder === "ledger",
      setupFiles: [inRoot("test", "workers", "migrate.ts")],
    },
  };
}

/** As a JSON binding takes it. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

/** The migrations of each database of a Worker, by binding. */
async function migrationsOf(worker: string): Promise<Record<string, unknown>> {
  const own = DATABASES.filter((database) => database.worker === worker);
  return Object.fromEntries(
    await Promise.all(
      own.map(async ({ binding, migrations }) => [binding, await readD1Migrations(inRoot(migrations))] as const),
    ),
  );
}
