/** A wrangler.toml of a test's own making, read as wrangler reads it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWorkerConfigs, type WorkerConfig } from "../../scripts/lib/worker-configs.ts";

export function plantedConfig(toml: string): readonly WorkerConfig[] {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  try {
    writeFileSync(join(folder, "wrangler.toml"), toml);
    return readWorkerConfigs([join(folder, "wrangler.toml")]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
