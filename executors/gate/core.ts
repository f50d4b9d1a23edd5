/**
 * The gate of one capability in one region, as a pure function over its state: exchange(state, ask, now) → state, answer.
 *
 * G1  Permits that are out and have not ended are at most `concurrency`. A permit whose end nobody reports counts until it expires.
 * G2  In any window of `perMs`, at most `actions` permits are used: a grant counts for the window and for the life of its lease.
 * G3  While the breaker is open nothing is granted; half open, at most `probes` permits are out. Any failed probe opens it again.
 * G4  What a lease of an earlier state of the breaker reports moves the present one no more.
 * G5  State is bounded: grants of the rate are kept by 64ths of the window, leases end, calls are kept by tenths of the window.
 */
import type { GateSettings } from "../../shared/gate-settings.ts";
import { LIMITS } from "../../shared/limits.ts";
import { GUARDS } from "../guards/index.ts";
import type { GateAnswer, GateAsk, GateCode, LeaseReport } from "./types.ts";

export type Lease = {
  readonly id: string;
  readonly count: number;
  readonly ended: number;
  readonly expiresMs: number;
  readonly isProbe: boolean;
};

export type Breaker =
  | { readonly at: "closed" }
  | { readonly at: "open"; readonly untilMs: number; readonly openings: number }
  | { readonly at: "half-open"; readonly passed: number; readonly openings: number };

export type GateState = {
  /** Rises with each change of the breaker; leases carry it. */
  readonly epoch: number;
  readonly leases: readonly Lease[];
  /** Lease numbers given out. */
  readonly numbered: number;
  readonly breaker: Breaker;
  /** Grants that the rate still counts: [first, last, count] of each 64th. */
  readonly grants: readonly { readonly fromMs: number; readonly lastMs: number; readonly count: number }[];
  /** Calls that ended, by tenths of the breaker's window. Memory only: after a restart counting begins anew. */
  readonly calls: readonly { readonly fromMs: number; readonly succeeded: number; readonly failed: number }[];
};

export const NEW_GATE: GateState = {
  epoch: 0,
  leases: [],
  numbered: 0,
  breaker: { at: "closed" },
  grants: [],
  calls: [],
};

/** Longest time that a breaker stays open: each opening in a row doubles it. */
const OPEN_CAP_MS = 10 * 60_000;

/** How long a lease may be used: short windows get shorter leases, because a grant counts for both (G2). */
export const leaseMs = ({ rate }: GateSettings): number =>
  rate === undefined ? LIMITS.gateLeaseMs : Math.min(LIMITS.gateLeaseMs, Math.max(50, Math.floor(rate.perMs / 10)));

export function exchange(
  before: GateState,
  ask: GateAsk,
  nowMs: number,
): { readonly state: GateState; readonly answer: GateAnswer } {
  let state: GateState = { ...before, leases: before.leases.filter((lease) => isOut(lease, nowMs)) };
  for (const report of ask.reports) state = reported(state, report, ask.settings, nowMs);
  state = passed(state, ask.settings, nowMs);
  return granted(state, ask, nowMs);
}

const isOut = ({ count, ended, expiresMs }: Lease, nowMs: number): boolean => ended < count && nowMs < expiresMs;
const epochOf = (lease: string): number => Number(lease.split(".")[0]);

function reported(state: GateState, report: LeaseReport, settings: GateSettings, nowMs: number): GateState {
  const leases = state.leases
    .map((lease) => (lease.id === report.lease ? { ...lease, ended: Math.max(lease.ended, report.ended) } : lease))
    .filter((lease) => isOut(lease, nowMs));
  const next = { ...state, leases };
  // G4
  if (settings.breaker === undefined || epochOf(report.lease) !== state.epoch) return next;
  switch (next.breaker.at) {
    case "open":
      return next;
    case "half-open": {
      const { openings, passed: good } = next.breaker;
      if (report.failed > 0) return opened(next, settings.breaker, openings, nowMs);
      const all = good + report.succeeded;
      return all >= settings.breaker.probes
        ? { ...next, epoch: next.epoch + 1, breaker: { at: "closed" }, calls: [] }
        : { ...next, breaker: { at: "half-open", openings, passed: all } };
    }
    case "closed":
      return counted(next, report, settings.breaker, nowMs);
  }
}

type BreakerSettings = NonNullable<GateSettings["breaker"]>;

function counted(state: GateState, report: LeaseReport, breaker: BreakerSettings, nowMs: number): GateState {
  const part = breaker.windowMs / 10;
  const fromMs = Math.floor(nowMs / part) * part;
  const recent = state.calls.filter((bucket) => bucket.fromMs > nowMs - breaker.windowMs);
  const last = recent.at(-1);
  const bucket = last?.fromMs === fromMs ? last : { fromMs, succeeded: 0, failed: 0 };
  const calls = [
    ...recent.filter((other) => other !== bucket),
    { fromMs, succeeded: bucket.succeeded + report.succeeded, failed: bucket.failed + report.failed },
  ];
  const failed = calls.reduce((sum, one) => sum + one.failed, 0);
  const all = calls.reduce((sum, one) => sum + one.succeeded + one.failed, 0);
  const next = { ...state, calls };
  const opens = failed > 0 && all >= breaker.minCalls && failed * 100 >= all * breaker.failurePercent;
  return opens ? opened(next, breaker, 0, nowMs) : next;
}

const opened = (state: GateState, breaker: BreakerSettings, openings: number, nowMs: number): GateState => ({
  ...state,
  epoch: state.epoch + 1,
  calls: [],
  breaker: {
    at: "open",
    openings: openings + 1,
    untilMs: nowMs + Math.min(OPEN_CAP_MS, breaker.openMs * 2 ** Math.min(openings, 16)),
  },
});

/** An open breaker whose time is over lets probes through; one that is no longer declared is closed. */
function passed(state: GateState, settings: GateSettings, nowMs: number): GateState {
  const { breaker } = state;
  if (breaker.at === "closed") return state;
  if (settings.breaker === undefined) return { ...state, epoch: state.epoch + 1, breaker: { at: "closed" }, calls: [] };
  if (breaker.at === "half-open" || nowMs < breaker.untilMs) return state;
  const { openings } = breaker;
  return { ...state, epoch: state.epoch + 1, breaker: { at: "half-open", passed: 0, openings } };
}

type Room = { readonly count: number; readonly code: GateCode; readonly retryAfterMs: number };

function granted(state: GateState, ask: GateAsk, nowMs: number): { state: GateState; answer: GateAnswer } {
  const { settings } = ask;
  const validMs = leaseMs(settings);
  const wanted = Math.min(ask.want, LIMITS.gateLeaseActions);
  const rooms = roomsOf(state, settings, validMs, nowMs);
  const tightest = rooms.reduce<Room | null>(
    (least, room) => (least === null || room.count < least.count ? room : least),
    null,
  );
  const isCounted = settings.concurrency !== undefined || settings.rate !== undefined || state.breaker.at !== "closed";
  const most = isCounted || wanted === 0 ? wanted : LIMITS.gateLeaseActions;
  const count = Math.max(0, Math.min(most, tightest?.count ?? most));
  const id = `${state.epoch}.${state.numbered + 1}`;
  const refused =
    tightest !== null && count < wanted ? { code: tightest.code, retryAfterMs: tightest.retryAfterMs } : null;
  const answer: GateAnswer = { lease: id, granted: count, validMs, refused };
  if (count === 0) return { state, answer };
  const isProbe = state.breaker.at === "half-open";
  const isHeld = isProbe || settings.concurrency !== undefined;
  const lease: Lease = { id, count, ended: 0, expiresMs: nowMs + validMs + ask.holdMs, isProbe };
  return {
    answer,
    state: {
      ...state,
      numbered: state.numbered + 1,
      leases: isHeld ? [...state.leases, lease] : state.leases,
      grants: settings.rate === undefined ? [] : withGrant(state.grants, settings.rate.perMs, count, nowMs),
    },
  };
}

/** What each setting leaves room for. */
function roomsOf(state: GateState, settings: GateSettings, validMs: number, nowMs: number): Room[] {
  const rooms: Room[] = [];
  const out = (leases: readonly Lease[]) => leases.reduce((sum, { count, ended }) => sum + count - ended, 0);
  const { breaker } = state;
  if (settings.breaker !== undefined && breaker.at === "open" && !GUARDS["breaker-closed"](breaker.at))
    rooms.push({ count: 0, code: "breaker-open", retryAfterMs: breaker.untilMs - nowMs });
  if (settings.breaker !== undefined && breaker.at === "half-open") {
    const probing = out(state.leases.filter((lease) => lease.isProbe && epochOf(lease.id) === state.epoch));
    const count = settings.breaker.probes - breaker.passed - probing;
    rooms.push({ count, code: "breaker-open", retryAfterMs: Math.min(settings.breaker.openMs, LIMITS.gateLeaseMs) });
  }
  if (settings.concurrency !== undefined)
    rooms.push({
      count: settings.concurrency - out(state.leases),
      code: "concurrency-full",
      retryAfterMs: LIMITS.permitPollMs,
    });
  if (settings.rate !== undefined) {
    // G2: what was granted `validMs` before the window may be used inside it.
    const since = nowMs - settings.rate.perMs - validMs;
    const counts = state.grants.filter(({ lastMs }) => lastMs > since);
    const used = counts.reduce((sum, { count }) => sum + count, 0);
    const oldest = counts[0];
    rooms.push({
      count: settings.rate.actions - used,
      code: "rate-exceeded",
      retryAfterMs: oldest === undefined ? 0 : oldest.lastMs - since,
    });
  }
  return rooms;
}

/** G5: grants of one 64th of the window stand together and count as long as the last of them. */
function withGrant(grants: GateState["grants"], perMs: number, count: number, nowMs: number): GateState["grants"] {
  const kept = grants.filter(({ lastMs }) => lastMs > nowMs - perMs - LIMITS.gateLeaseMs);
  const last = kept.at(-1);
  if (last === undefined || nowMs - last.fromMs >= perMs / 64)
    return [...kept, { fromMs: nowMs, lastMs: nowMs, count }];
  return [...kept.slice(0, -1), { fromMs: last.fromMs, lastMs: nowMs, count: last.count + count }];
}

/** Whether a change must be written: permits and breaker survive a restart, counts of calls do not (bounded writes). */
export const mustBeStored = (before: GateState, after: GateState): boolean =>
  before.leases.length !== after.leases.length ||
  before.leases.some((lease, i) => lease.id !== after.leases[i]!.id || lease.ended !== after.leases[i]!.ended) ||
  before.breaker !== after.breaker ||
  before.epoch !== after.epoch ||
  before.grants !== after.grants;
