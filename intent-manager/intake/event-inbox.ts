/** The object that remembers a part of a tenant's events, named `tenant/XX` by the first digits of their keys: the door to `EventBook`. */
import { DurableObject } from "cloudflare:workers";
import type { Result } from "../../shared/result.ts";
import { EventBook, type Begin, type Begun, type Opened } from "./event-book.ts";

export interface EventInboxRpc {
  begin(asked: Begin): Promise<Result<Begun>>;
  opened(key: string, tasks: readonly Opened[]): Promise<void>;
}

export class EventInbox extends DurableObject<Env> implements EventInboxRpc {
  readonly #book = new EventBook(this.ctx.storage.sql);

  async begin(asked: Begin): Promise<Result<Begun>> {
    const begun = this.#book.begin(asked, Date.now());
    if ((await this.ctx.storage.getAlarm()) === null) await this.#rearm();
    return begun;
  }

  async opened(key: string, tasks: readonly Opened[]): Promise<void> {
    this.#book.opened(key, tasks);
  }

  override alarm(): Promise<void> {
    return this.#rearm();
  }

  async #rearm(): Promise<void> {
    const due = this.#book.prune(Date.now());
    if (due !== null) await this.ctx.storage.setAlarm(Math.max(due, Date.now()) + 60_000);
  }
}
