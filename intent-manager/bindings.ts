/**
 * What this Worker is bound to, with the RPC interfaces of the other two in place of the generated, untyped ones.
 */
import type { IntakeLimitRpc } from "./intake/intake-limit.ts";
import type { BaselinesRpc } from "./intake/baselines.ts";
import type { EventInboxRpc } from "./intake/event-inbox.ts";
import type { VectorizeBinding } from "./memory/vectorize.ts";
import type { VectorsRpc } from "./memory/vectors.ts";
import type { BatchesRpc } from "./planning/model/gathering.ts";
import type { BudgetsRpc } from "./planning/model/budgets.ts";
import type { DecisionsRpc } from "./planning/model/decision-book.ts";
import type { DeskRpc } from "./planning/model/desk.ts";
import type { ExecutorRpc, ExecutorsRpc } from "../shared/rpc.ts";
import type { LedgerRpc } from "../shared/rpc/ledger.ts";

/** The namespace as this Worker uses it: one object by name, placed near its region when it is new. */
export type ExecutorNamespace = {
  getByName(name: string, options?: { readonly locationHint?: DurableObjectLocationHint }): ExecutorRpc;
};

export type Bindings = Omit<
  Env,
  | "REGIONAL_EXECUTOR"
  | "EXECUTORS"
  | "LEDGER"
  | "MODEL_BUDGETS"
  | "MODEL_BATCHES"
  | "PLANNING_DESK"
  | "MEMORY_VECTORS"
  | "EVENT_INBOX"
  | "INTAKE_LIMIT"
  | "BASELINES"
> & {
  readonly INTAKE_LIMIT: { getByName(name: string): IntakeLimitRpc };
  readonly BASELINES: { getByName(name: string): BaselinesRpc };
  readonly EVENT_INBOX: { getByName(name: string): EventInboxRpc };
  readonly MEMORY_VECTORS: { getByName(name: string): VectorsRpc };
  /** Vectorize, for namespaces that say so; absent locally, where it does not exist. */
  readonly MEMORY_INDEX?: VectorizeBinding;
  readonly MODEL_BUDGETS: { getByName(name: string): BudgetsRpc & DecisionsRpc };
  readonly MODEL_BATCHES: { getByName(name: string): BatchesRpc };
  readonly PLANNING_DESK: { getByName(name: string): DeskRpc };
  /** The key of the model endpoint; without it no model is asked. */
  readonly OPENAI_API_KEY?: string;
  readonly REGIONAL_EXECUTOR: ExecutorNamespace;
  readonly EXECUTORS: ExecutorsRpc;
  readonly LEDGER: LedgerRpc;
  /** The trust configuration (shared/trust.ts), public keys only: what `/v1/trust` and the key set show. Nothing here relies on it. */
  readonly TRUST: string;
  /** `whsec_…`: signs notifications of alerts, where ALERT_WEBHOOK_URL names an address. */
  readonly ALERT_WEBHOOK_SECRET?: string;
};
