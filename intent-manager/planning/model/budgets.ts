/** The object of a tenant's budgets for models and of their kept plans, named by the tenant: the door to `BudgetBook` and `DecisionBook`, which say what they promise. */
import { DurableObject } from "cloudflare:workers";
import type { Result } from "../../../shared/result.ts";
import { DecisionBook, type DecisionsRpc } from "./decision-book.ts";
import { BudgetBook, type Reservation, type Settlement, type Spent } from "./budget-book.ts";

export interface BudgetsRpc {
  reserve(asked: Reservation): Promise<Result<null>>;
  settle(settlement: Settlement): Promise<void>;
  spent(scopes: readonly string[]): Promise<readonly Spent[]>;
}

export class ModelBudgets extends DurableObject<Env> implements BudgetsRpc, DecisionsRpc {
  readonly #decisions = new DecisionBook(this.ctx.storage.sql);
  readonly #book = new BudgetBook(this.ctx.storage.sql);

  async reserve(asked: Reservation): Promise<Result<null>> {
    return this.#book.reserve(asked, Date.now());
  }

  async settle(settlement: Settlement): Promise<void> {
    this.#book.settle(settlement, Date.now());
  }

  async recall(key: string): Promise<string | null> {
    return this.#decisions.recall(key, Date.now());
  }

  async remember(key: string, text: string, ttlMs: number): Promise<void> {
    this.#decisions.remember(key, text, ttlMs, Date.now());
  }

  async spent(scopes: readonly string[]): Promise<readonly Spent[]> {
    return scopes.slice(0, 500).map((scope) => this.#book.spent(scope));
  }
}
