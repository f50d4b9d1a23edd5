/**
 * Receipts of applied steps, signed when they are first read. A receipt never changes, so it is kept: those who read a task again and again
 * do not use up the object with signatures. What was forgotten is signed again, to the same bytes.
 */
import type { Signer } from "../shared/keys.ts";
import { LIMITS } from "../shared/limits.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import type { Receipt } from "../shared/receipt.ts";
import { signEnvelope, type Envelope } from "../shared/signing.ts";
import type { CapabilityRegistry } from "./adapters/types.ts";
import type { TaskState } from "./task/state.ts";
import { receiptOf } from "./task/view.ts";

export class Receipts {
  readonly #tenant: string;
  readonly #executor: string;
  readonly #registry: CapabilityRegistry;
  readonly #signer: () => Promise<Signer>;
  readonly #signedByAction = new Map<string, Envelope>();

  constructor(tenant: string, executor: string, registry: CapabilityRegistry, signer: () => Promise<Signer>) {
    this.#tenant = tenant;
    this.#executor = executor;
    this.#registry = registry;
    this.#signer = signer;
  }

  /** The signed receipt of each applied step, by step. */
  async of(state: TaskState): Promise<ReadonlyMap<string, Envelope>> {
    const receipts = new Map<string, Envelope>();
    for (const step of state.steps.values()) {
      const delivery = this.#registry.get(step.capability)?.contract.delivery;
      const receipt = delivery === undefined ? null : receiptOf(state, step, this.#tenant, this.#executor, delivery);
      if (receipt !== null) receipts.set(step.id, await this.#sign(receipt));
    }
    return receipts;
  }

  async #sign(receipt: Receipt): Promise<Envelope> {
    const known = this.#signedByAction.get(receipt.action);
    if (known !== undefined) return known;
    const signers = [await this.#signer()];
    const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.receipt, payload: receipt, signers });
    if (this.#signedByAction.size >= LIMITS.keptReceipts)
      this.#signedByAction.delete(this.#signedByAction.keys().next().value!);
    this.#signedByAction.set(receipt.action, envelope);
    return envelope;
  }
}
