/** Applies a Worker's migrations before each test file: storage is fresh for each. */
import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

const bindings = env as unknown as Record<string, D1Database> & {
  readonly TEST_MIGRATIONS: Record<string, D1Migration[]>;
};

for (const [binding, migrations] of Object.entries(bindings.TEST_MIGRATIONS))
  await applyD1Migrations(bindings[binding]!, migrations);
