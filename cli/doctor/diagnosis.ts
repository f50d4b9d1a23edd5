/** One line of `countersign doctor`. */
import type { Problem } from "../../shared/problems.ts";

export type Diagnosis = {
  readonly check: string;
  readonly status: "ok" | "problem" | "unknown";
  readonly detail: string;
  /** What to do; null where there is nothing to do. */
  readonly fix: string | null;
};

export const fine = (check: string, detail: string): Diagnosis => ({ check, status: "ok", detail, fix: null });
export const wrong = (check: string, detail: string, fix: string): Diagnosis => ({
  check,
  status: "problem",
  detail,
  fix,
});
/** What could not be examined: neither well nor ill. */
export const unknown = (check: string, detail: string, fix: string | null = null): Diagnosis => ({
  check,
  status: "unknown",
  detail,
  fix,
});
export const refused = (check: string, { code, detail }: Problem, fix: string): Diagnosis =>
  wrong(check, `${code}: ${detail}`, fix);
