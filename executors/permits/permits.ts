/**
 * Gets for a step what it needs beside a decision, and gives back what was not used. Nothing here decides about a task.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { Platform } from "../../shared/platform.ts";
import { PROBLEMS, type ProblemCode } from "../../shared/problems.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Outcome, Prepared } from "../adapters/types.ts";
import type { Result } from "../../shared/result.ts";
import type { Permits, Wanted } from "../task/permits.ts";
import { Leases, type GateAnswered, type GatePermit } from "./leases.ts";
import { Reservations, type Reservation, type ReservationsDeps } from "./reservations.ts";
import type { GateRpc } from "../gate/types.ts";

export type PermitParts = Omit<ReservationsDeps, "platform"> & {
  readonly platform: Platform;
  readonly gateOf: (capability: string) => GateRpc;
};

/** What a step holds until it is claimed, and its permit of the gate until it has ended. */
export type Held = {
  readonly permits: Permits;
  readonly gate: GatePermit | null;
  readonly reserved: readonly Reservation[];
};
export type Got =
  | { readonly ok: true; readonly held: Held }
  | { readonly ok: false; readonly code: ProblemCode; readonly retryAfterMs: number };

export type PermitSeeker = {
  readonly automation: string;
  readonly task: string;
  readonly step: string;
  readonly action: string;
  readonly contract: CapabilityContract;
};

export class PermitOffice {
  readonly #platform: Platform;
  readonly #leases: Leases;
  readonly reservations: Reservations;

  constructor(parts: PermitParts) {
    this.#platform = parts.platform;
    this.#leases = new Leases({ platform: parts.platform, gateOf: parts.gateOf });
    this.reservations = new Reservations(parts);
  }

  /** Limits first: where one is exceeded, no place at the gate is taken. */
  async get(seeker: PermitSeeker, wanted: Wanted): Promise<Got> {
    const askedMs = this.#platform.nowMs();
    const useMs = askedMs + LIMITS.permitUseMs;
    const reserving = await this.reservations.reserve(seeker.automation, seeker, wanted);
    if (reserving.kind === "unanswered") return { ok: false, code: "permit-unanswered", retryAfterMs: 0 };
    if (reserving.kind === "exceeded") {
      const permits = { wanted, untilMs: useMs, used: [], exceeded: reserving.limits };
      return { ok: true, held: { permits, gate: null, reserved: [] } };
    }
    const gate = wanted.gate === null ? null : await this.#leases.take(seeker.contract);
    if (gate !== null && !gate.ok) {
      this.reservations.done(reserving.held);
      return gate;
    }
    const permit = gate?.permit ?? null;
    const permits: Permits = {
      wanted,
      untilMs: Math.min(useMs, permit?.untilMs ?? useMs),
      exceeded: [],
      used: [
        ...(permit === null ? [] : [{ gate: permit.lease }]),
        ...reserving.held.map(({ limit, over }) => ({ limit, over })),
      ],
    };
    return { ok: true, held: { permits, gate: permit, reserved: reserving.held } };
  }

  gate(contract: CapabilityContract): Promise<GateAnswered> {
    return this.#leases.take(contract);
  }

  /** The step was decided. A permit of the gate that led to no claim goes back. */
  decided(held: Held, isClaimed: boolean): void {
    this.reservations.done(held.reserved);
    if (!isClaimed && held.gate !== null) this.#leases.ended(held.gate, null);
  }

  /** The call that a permit was for has ended: the breaker counts calls without an answer, never what a target decided. */
  ended(permit: GatePermit, outcome: Outcome | Result<Prepared | null>): void {
    this.#leases.ended(permit, isFailure(outcome));
  }
}

export function isFailure(outcome: Outcome | Result<Prepared | null>): boolean {
  if ("kind" in outcome) {
    if (outcome.kind === "applied") return false;
    return outcome.kind === "in-doubt" || isOutage(outcome.problem.code);
  }
  return !outcome.ok && isOutage(outcome.problem.code);
}

const isOutage = (code: ProblemCode): boolean => PROBLEMS[code].status === 503;
