/** The object of a tenant's sequencer, named by the tenant: the door to `TenantSequencer` (ledger/sequencer.ts), which says what it promises. */
import { DurableObject } from "cloudflare:workers";
import type { Result } from "../shared/result.ts";
import type { AppendAnswer, EpochAnswer } from "../shared/rpc/ledger.ts";
import { LIMITS } from "../shared/limits.ts";
import type { Arrival } from "./arrival.ts";
import { configOf } from "./config.ts";
import type { CheckedEpoch } from "./epochs.ts";
import { keepingOf } from "./keeping.ts";
import { keep, type Due } from "./outside/keeper.ts";
import { workersPlatform } from "./platform.ts";
import { TenantSequencer } from "./sequencer.ts";

/** Pause between two calls that wake the export of traces: it goes on by itself while there is something new. */
const WAKE_MS = 250;

export class Sequencer extends DurableObject<Env> {
  readonly #sequencer = new TenantSequencer({
    tenant: this.ctx.id.name!,
    platform: workersPlatform,
    storage: this.ctx.storage,
    database: () => this.env.LEDGER_DB,
    settings: this.env,
    archive: this.env.LOG_ARCHIVE,
    keep: () => this.#keep(),
    waitUntil: (work) => this.ctx.waitUntil(work),
    written: () => this.#wakeExport(),
  });
  #wokenMs = 0;

  /** Behind the commit point, and only where traces are exported. */
  #wakeExport(): void {
    const nowMs = workersPlatform.nowMs();
    if ((this.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "") === "" || nowMs - this.#wokenMs < WAKE_MS) return;
    this.#wokenMs = nowMs;
    // An export that cannot be woken now is woken by the next batch.
    this.ctx.waitUntil(
      this.env.TRACE_EXPORT.getByName(this.ctx.id.name!)
        .wake()
        .catch(() => {}),
    );
  }

  /** Beside the appends: whatever goes wrong here is tried again, and keeps nothing else from being done. */
  async #keep(): Promise<Due> {
    const [config, keeping] = [await configOf(this.env), keepingOf(this.env.LOG_KEEPING)];
    if (!config.ok || !keeping.ok) return null; // The appends say so.
    const tenant = this.ctx.id.name!;
    try {
      return await keep({
        tenant,
        store: { db: this.env.LEDGER_DB, archive: this.env.LOG_ARCHIVE },
        keeping: keeping.value,
        logKeys: config.value.logKeys(tenant),
        platform: workersPlatform,
        send: (address, init) => fetch(address, init),
      });
    } catch (cause) {
      workersPlatform.log("keeping", { tenant, error: cause instanceof Error ? cause.message : "unknown" });
      return LIMITS.projectionRetryMs;
    }
  }

  append(arrival: Arrival): Promise<Result<AppendAnswer>> {
    return this.#sequencer.append(arrival);
  }

  epoch(checked: CheckedEpoch): Promise<Result<EpochAnswer>> {
    return this.#sequencer.epoch(checked);
  }

  open(): Promise<Result<string>> {
    return this.#sequencer.open();
  }

  rebuild(name: string): Promise<Result<null>> {
    return this.#sequencer.rebuild(name);
  }

  followed(): Promise<void> {
    return this.#sequencer.followed();
  }

  override alarm(): Promise<void> {
    return this.#sequencer.alarm();
  }
}
