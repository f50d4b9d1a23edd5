/**
 * The object that plans one task, named `tenant/task`: its alarm runs the rounds, so a planner that died is started again by the platform.
 *
 * Stored: the job, until nothing is left to plan.
 *
 * D1  The job is stored before the task opens: no task waits for a planner that nobody knows of. A job whose task never opened is dropped.
 * D2  The alarm never throws; after a failure it sets itself again, with growing pauses, as long as the task can be open.
 * D3  Everything that decides is in the executor: two desks, or one twice, admit one plan a round (P1).
 */
import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../../../shared/limits.ts";
import type { Bindings } from "../../bindings.ts";
import type { Tenant } from "../../http/caller.ts";
import { callDepsOf } from "./call-deps.ts";
import { planRound, type RoundEnd } from "./plan-round.ts";

export interface DeskRpc {
  /** Keeps the job. Planning begins with {@link DeskRpc.plan}, or by itself soon after. */
  begin(job: { readonly tenant: Tenant; readonly task: string }): Promise<void>;
  /** Plans now. `again`: also where planning has stopped for a person. */
  plan(job: { readonly tenant: Tenant; readonly task: string; readonly again: boolean }): Promise<void>;
}

type Job = { readonly tenant: Tenant; readonly task: string; readonly again: boolean; readonly looks: number };

export class PlanningDesk extends DurableObject<Env> implements DeskRpc {
  async begin({ tenant, task }: { tenant: Tenant; task: string }): Promise<void> {
    if ((await this.ctx.storage.get("job")) !== undefined) return;
    await this.ctx.storage.put<Job>("job", { tenant, task, again: false, looks: 0 });
    await this.ctx.storage.setAlarm(Date.now() + LIMITS.planningLookMs);
  }

  async plan({ tenant, task, again }: { tenant: Tenant; task: string; again: boolean }): Promise<void> {
    await this.ctx.storage.put<Job>("job", { tenant, task, again, looks: 0 });
    await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    const job = await this.ctx.storage.get<Job>("job");
    if (job === undefined) return;
    let end: RoundEnd = "later";
    try {
      end = await planRound(this.#deps(), job);
    } catch (cause) {
      console.error(
        JSON.stringify({
          event: "planning-failed",
          task: job.task,
          failure: cause instanceof Error ? `${cause.name}: ${cause.message}` : "not an error",
        }),
      );
    }
    // Asked again meanwhile: the alarm that was set for that runs next.
    const now = await this.ctx.storage.get<Job>("job");
    if (now !== undefined && now.again && !job.again) return;
    if (end === "done" || (end === "later" && job.looks >= LIMITS.planningLooks)) return this.ctx.storage.deleteAll();
    const looks = end === "next" ? 0 : job.looks + 1;
    await this.ctx.storage.put<Job>("job", { ...job, again: false, looks });
    await this.ctx.storage.setAlarm(Date.now() + (end === "next" ? 0 : pauseAfter(looks)));
  }

  #deps() {
    const env = this.env as unknown as Bindings;
    const tenant = this.ctx.id.name!.split("/")[0]!;
    return {
      ...callDepsOf(env, tenant),
      env,
      decisions: env.MODEL_BUDGETS.getByName(tenant),
      batches: (name: string) => env.MODEL_BATCHES.getByName(name),
    };
  }
}

/** 2 s, 4 s, … 5 min. */
const pauseAfter = (looks: number): number =>
  Math.min(LIMITS.planningLookMs * 2 ** Math.min(looks - 1, 20), LIMITS.planningLookCapMs);
