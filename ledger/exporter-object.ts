/** The object that exports a tenant's traces, named by the tenant: the door to `TraceExporter` (ledger/export/exporter.ts). */
import { DurableObject } from "cloudflare:workers";
import type { TraceExportState } from "../shared/trace/export-state.ts";
import { TraceExporter } from "./export/exporter.ts";
import { workersPlatform } from "./platform.ts";

export class TraceExport extends DurableObject<Env> {
  readonly #exporter = new TraceExporter({
    tenant: this.ctx.id.name!,
    platform: workersPlatform,
    storage: this.ctx.storage,
    store: () => ({ db: this.env.LEDGER_DB, archive: this.env.LOG_ARCHIVE ?? null }),
    settings: this.env,
    fetch: (url, init) => this.fetchFrom(url, init),
  });

  /** The way out. */
  fetchFrom(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init);
  }

  wake(): Promise<void> {
    return this.#exporter.wake();
  }

  state(): Promise<TraceExportState> {
    return this.#exporter.state();
  }

  override alarm(): Promise<void> {
    return this.#exporter.alarm();
  }
}
