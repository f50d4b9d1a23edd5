/**
 * The gate as one executor sees it: steps that wait for a permit, the lease it holds, and the ends it has to report. At most one call to a
 * gate is under way for each capability; it carries everything that has gathered.
 *
 * A lease that asks for nothing but a breaker is good for many actions, so a busy capability costs one call a second.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import { LIMITS } from "../../shared/limits.ts";
import { within, type Platform } from "../../shared/platform.ts";
import type { ProblemCode } from "../../shared/problems.ts";
import type { GateAnswer, GateRpc, LeaseReport } from "../gate/types.ts";

/** One permit: good for one claim until `untilMs`. */
export type GatePermit = { readonly capability: string; readonly lease: string; readonly untilMs: number };
export type GateAnswered =
  | { readonly ok: true; readonly permit: GatePermit }
  | { readonly ok: false; readonly code: ProblemCode; readonly retryAfterMs: number };

type Waiter = { readonly resolve: (answer: GateAnswered) => void; readonly sinceMs: number };
type Reports = Map<string, { ended: number; succeeded: number; failed: number; told: number }>;

type Desk = {
  contract: CapabilityContract;
  readonly waiters: Waiter[];
  lease: { readonly id: string; readonly untilMs: number; left: number } | null;
  readonly reports: Reports;
  isAsking: boolean;
  pause: (() => void) | null;
};

export type LeasesDeps = {
  readonly platform: Pick<Platform, "nowMs" | "setTimer">;
  readonly gateOf: (capability: string) => GateRpc;
};

/** Pause before ends are reported for which nobody waits. */
const REPORT_MS = 100;

export class Leases {
  readonly #deps: LeasesDeps;
  readonly #desks = new Map<string, Desk>();

  constructor(deps: LeasesDeps) {
    this.#deps = deps;
  }

  /** A permit, or why there is none: at once where the breaker is open, else after waiting a moment. */
  take(contract: CapabilityContract): Promise<GateAnswered> {
    const desk = this.#deskOf(contract);
    const nowMs = this.#deps.platform.nowMs();
    if (desk.waiters.length === 0 && desk.lease !== null && desk.lease.left > 0 && nowMs < desk.lease.untilMs)
      return Promise.resolve(this.#fromLease(desk));
    if (desk.waiters.length >= LIMITS.permitWaiters)
      return Promise.resolve({ ok: false, code: "concurrency-full", retryAfterMs: LIMITS.permitWaitMs });
    return new Promise((resolve) => {
      desk.waiters.push({ resolve, sinceMs: nowMs });
      // What arrives together is asked for together.
      if (desk.waiters.length === 1 && !desk.isAsking) queueMicrotask(() => void this.#ask(desk));
    });
  }

  /** The action of a permit ended, or never began (`failed` null). */
  ended({ capability, lease }: GatePermit, failed: boolean | null): void {
    const desk = this.#desks.get(capability);
    if (desk === undefined) return;
    const report = desk.reports.get(lease) ?? { ended: 0, succeeded: 0, failed: 0, told: 0 };
    report.ended++;
    if (failed === true) report.failed++;
    if (failed === false) report.succeeded++;
    desk.reports.set(lease, report);
    if (desk.isAsking) return;
    // A place that became free is taken at once by whoever waits.
    if (desk.waiters.length > 0) this.#askAfter(desk, 0);
    else if (desk.pause === null) this.#askAfter(desk, REPORT_MS);
  }

  #deskOf(contract: CapabilityContract): Desk {
    const known = this.#desks.get(contract.name);
    if (known !== undefined) {
      known.contract = contract;
      return known;
    }
    const desk: Desk = { contract, waiters: [], lease: null, reports: new Map(), isAsking: false, pause: null };
    this.#desks.set(contract.name, desk);
    return desk;
  }

  #fromLease(desk: Desk): GateAnswered {
    const lease = desk.lease!;
    lease.left--;
    return { ok: true, permit: { capability: desk.contract.name, lease: lease.id, untilMs: lease.untilMs } };
  }

  #askAfter(desk: Desk, ms: number): void {
    desk.pause?.();
    desk.pause = this.#deps.platform.setTimer(ms, () => {
      desk.pause = null;
      void this.#ask(desk);
    });
  }

  async #ask(desk: Desk): Promise<void> {
    if (desk.isAsking) return;
    desk.pause?.();
    desk.pause = null;
    const reports = takeReports(desk.reports);
    const want = desk.waiters.length;
    if (want === 0 && reports.length === 0) return;
    desk.isAsking = true;
    const sentMs = this.#deps.platform.nowMs();
    const { gate, timeoutMs = LIMITS.effectTimeoutMs, name } = desk.contract;
    const holdMs = timeoutMs + LIMITS.gateSlackMs;
    const answer = await within<GateAnswer | null>(
      this.#deps.platform,
      LIMITS.permitAskMs,
      () => this.#deps.gateOf(name).exchange({ settings: gate!, holdMs, want, reports }),
      () => null,
    );
    desk.isAsking = false;
    this.#answered(desk, answer, want, sentMs);
    if (desk.waiters.length > 0) {
      if (desk.pause === null) this.#askAfter(desk, Math.min(answer?.refused?.retryAfterMs ?? 0, LIMITS.permitPollMs));
    } else if (desk.reports.size > 0 && [...desk.reports.values()].some(({ ended, told }) => ended > told))
      this.#askAfter(desk, REPORT_MS);
  }

  #answered(desk: Desk, answer: GateAnswer | null, want: number, sentMs: number): void {
    if (answer === null) {
      for (const { resolve } of desk.waiters.splice(0, want))
        resolve({ ok: false, code: "permit-unanswered", retryAfterMs: 0 });
      return;
    }
    if (answer.granted > 0) desk.lease = { id: answer.lease, untilMs: sentMs + answer.validMs, left: answer.granted };
    // A lease that is over before it arrived serves nobody; its permits go back.
    const nowMs = this.#deps.platform.nowMs();
    if (desk.lease !== null && nowMs >= desk.lease.untilMs) this.#giveBack(desk);
    while (desk.waiters.length > 0 && desk.lease !== null && desk.lease.left > 0)
      desk.waiters.shift()!.resolve(this.#fromLease(desk));
    if (answer.refused === null) return;
    const { code, retryAfterMs } = answer.refused;
    // A crowd passes by itself; of a target that is left alone, people should know.
    const isSoon = ({ sinceMs }: Waiter) =>
      code !== "breaker-open" && nowMs + retryAfterMs < sinceMs + LIMITS.permitWaitMs;
    const told = desk.waiters.filter((waiter) => !isSoon(waiter));
    desk.waiters.splice(0, desk.waiters.length, ...desk.waiters.filter(isSoon));
    for (const { resolve } of told) resolve({ ok: false, code, retryAfterMs });
  }

  #giveBack(desk: Desk): void {
    const { id, left } = desk.lease!;
    desk.lease = null;
    const report = desk.reports.get(id) ?? { ended: 0, succeeded: 0, failed: 0, told: 0 };
    report.ended += left;
    if (left < LIMITS.gateLeaseActions) desk.reports.set(id, report);
  }
}

/** What has not been told yet. Outcomes are told once; totals of ends may be told again. */
function takeReports(reports: Reports): LeaseReport[] {
  const news: LeaseReport[] = [];
  for (const [lease, report] of reports) {
    if (report.ended > report.told) {
      news.push({ lease, ended: report.ended, succeeded: report.succeeded, failed: report.failed });
      Object.assign(report, { told: report.ended, succeeded: 0, failed: 0 });
    } else if (reports.size > LIMITS.gateLeaseActions) reports.delete(lease);
  }
  return news;
}
