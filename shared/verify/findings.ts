/**
 * Gathers what a verification finds: for each check how much held and what did not. A check never throws and never stops the others.
 */
import { LIMITS } from "../limits.ts";
import type { Problem } from "../problems.ts";
import type { Result } from "../result.ts";
import { CHECKS, PART_CHECKS, type CheckName, type FindingCode } from "./checks.ts";

/** Where in the record; what is absent does not apply. `index` is the entry's, `seq` the record's place in its executor's chain. */
export type Where = {
  readonly index?: number;
  readonly executor?: string;
  readonly seq?: number;
  readonly task?: string;
  readonly step?: string;
};

export type Finding = {
  readonly check: CheckName;
  readonly code: FindingCode;
  readonly detail: string;
  readonly where: Where;
};

export type CheckReport = {
  readonly check: CheckName;
  readonly status: "ok" | "failed" | "not-run";
  /** What holds when the status is ok. */
  readonly what: string;
  /** How many things of its kind held. */
  readonly verified: number;
  readonly failed: number;
  /** The first findings, at most LIMITS.verifyFindings. */
  readonly findings: readonly Finding[];
};

type Tally = { verified: number; failed: number; readonly findings: Finding[] };

export class Findings {
  readonly #tallies = new Map<CheckName, Tally>();

  #tally(check: CheckName): Tally {
    const known = this.#tallies.get(check);
    if (known !== undefined) return known;
    const tally: Tally = { verified: 0, failed: 0, findings: [] };
    this.#tallies.set(check, tally);
    return tally;
  }

  /** Marks a check as run, also where there is nothing that it could count. */
  ran(...checks: readonly CheckName[]): void {
    for (const check of checks) this.#tally(check);
  }

  /** How much of each check has held so far. */
  get counted(): readonly (readonly [CheckName, number])[] {
    return [...this.#tallies].map(([check, { verified }]) => [check, verified]);
  }

  pass(check: CheckName, count = 1): void {
    this.#tally(check).verified += count;
  }

  fail(check: CheckName, code: FindingCode, detail: string, where: Where = {}): void {
    const tally = this.#tally(check);
    tally.failed += 1;
    if (tally.findings.length < LIMITS.verifyFindings) tally.findings.push({ check, code, detail, where });
  }

  /** The value of a result, or null after its problem was noted as a finding. Success is not counted. */
  valueOf<T>(check: CheckName, result: Result<T, Problem>, where: Where): T | null {
    if (result.ok) return result.value;
    this.fail(check, result.problem.code, result.problem.detail, where);
    return null;
  }

  /** One report for each of these checks, in their order. */
  reports(checks: readonly CheckName[] = Object.keys(CHECKS) as CheckName[]): CheckReport[] {
    const words = { ...CHECKS, ...PART_CHECKS };
    return checks.map((check) => {
      const tally = this.#tallies.get(check);
      if (tally === undefined)
        return { check, status: "not-run", what: words[check], verified: 0, failed: 0, findings: [] };
      return { check, status: tally.failed > 0 ? "failed" : "ok", what: words[check], ...tally };
    });
  }
}
