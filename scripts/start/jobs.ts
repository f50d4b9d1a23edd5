/** The reconciliation jobs of a local Countersign: `wrangler dev` fires no crons, so they are asked for as a person would. */
import { createClient } from "../../shared/client.ts";
import type { DevFile } from "./dev-state.ts";

const MINUTE_MS = 60_000;
/** Near what `triggers` in wrangler.toml says. */
const EVERY_MS: { readonly [job: string]: number } = {
  outboxes: 5 * MINUTE_MS,
  reviews: 5 * MINUTE_MS,
  "stuck-tasks": 5 * MINUTE_MS,
  schedules: MINUTE_MS,
  alerts: MINUTE_MS,
  completeness: 60 * MINUTE_MS,
};

/** Runs each job from time to time, as long as this process lives. What one finds is kept where `countersign jobs` shows it. */
export function startJobs({ url, apiKeys }: DevFile): void {
  const client = createClient({ baseUrl: url, key: apiKeys.operator, fetch: (...request) => fetch(...request) });
  for (const [job, everyMs] of Object.entries(EVERY_MS))
    setInterval(() => void client.runJob(job).catch(() => {}), everyMs).unref();
}
