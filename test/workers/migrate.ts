/**
 * Before each test file: storage is empty and has its migrations, objects start anew, and nothing stands in for anything. The runtime and the modules
 * that it has loaded stay (project.ts): starting them takes longer than most files.
 */
import { applyD1Migrations, reset, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

const bindings = env as unknown as Record<string, D1Database> & {
  readonly TEST_MIGRATIONS: Record<string, D1Migration[]>;
};

vi.restoreAllMocks();
await reset();
for (const [binding, migrations] of Object.entries(bindings.TEST_MIGRATIONS))
  await applyD1Migrations(bindings[binding]!, migrations);
