/**
 * The object of one intake limit, named `tenant` or `tenant/automation`: the door to `IntakeBook`. Where too many tasks are open it asks their
 * executors which have ended; so a slot is free at the latest with the second request after it, and nothing is asked while there is room.
 */
import { DurableObject } from "cloudflare:workers";
import type { IntakeLimits } from "../../shared/intake-limits.ts";
import { parseTaskId, executorName } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Problem } from "../../shared/problems.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutor } from "../dispatch/executor.ts";
import { IntakeBook } from "./intake-book.ts";

export interface IntakeLimitRpc {
  /** Lets a task in, or says why not. The same task again is let in: `known`, and nobody owes that it is taken out. */
  enter(task: string, limits: IntakeLimits): Promise<Problem | "known" | null>;
  /** The task was let in and not opened. */
  left(task: string): Promise<void>;
}

export class IntakeLimit extends DurableObject<Env> implements IntakeLimitRpc {
  readonly #book = new IntakeBook(this.ctx.storage.sql);

  async enter(task: string, limits: IntakeLimits): Promise<Problem | "known" | null> {
    if (this.#book.knows(task)) return "known";
    const refused = this.#book.enter(task, limits, Date.now());
    if (refused?.code !== "intake-full") return refused;
    await this.#look();
    return this.#book.enter(task, limits, Date.now());
  }

  async left(task: string): Promise<void> {
    this.#book.notOpened(task);
  }

  async #look(): Promise<void> {
    const nowMs = Date.now();
    await Promise.all(
      this.#book.toLookAt(nowMs).map(async ({ task, atMs }) => {
        if (await this.#hasEnded(task, nowMs - atMs > LIMITS.intakeLostMs)) this.#book.left(task);
      }),
    );
  }

  /** What cannot be asked counts as open. */
  async #hasEnded(task: string, isOld: boolean): Promise<boolean> {
    const route = parseTaskId(task);
    const [tenant] = this.ctx.id.name!.split("/");
    if (route === null) return true;
    try {
      const name = executorName(tenant!, route.region, route.shard);
      const view = await callExecutor(this.env as unknown as Bindings, name, (executor) => executor.read(task));
      if (view.ok) return view.value.settled;
      return isOld && view.problem.code === "not-found";
    } catch {
      return false;
    }
  }
}
