/** The figures of a run as tables of text. */
import type { Attacked, Honest } from "./play.ts";

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

/** How many honest tasks need no person under each guard, and how many approvals the others need. */
export const honestTable = (byGuard: readonly (readonly [string, readonly Honest[]])[]): string =>
  table(
    ["guard", "tasks", "of them writing", "need no person", "of them writing", "approvals", "most in one task"],
    byGuard.map(([guard, tasks]) => {
      const alone = tasks.filter(({ approvals }) => approvals === 0);
      const approvals = tasks.map((task) => task.approvals);
      return [
        guard,
        tasks.length,
        writing(tasks).length,
        alone.length,
        writing(alone).length,
        approvals.reduce((sum, one) => sum + one, 0),
        Math.max(...approvals),
      ];
    }),
  );
const writing = (tasks: readonly Honest[]): Honest[] => tasks.filter(({ writes }) => writes > 0);

/** How many attacks of each kind ran on each road, and of how many anything took effect. */
export function attackTable(byGuard: readonly (readonly [string, readonly Attacked[]])[]): string {
  const kinds = [...new Set(byGuard.flatMap(([, attacks]) => attacks.map(({ what, road }) => `${what}, ${road}`)))];
  return table(
    ["attack", "runs", "writing calls", ...byGuard.map(([guard]) => `took effect: ${guard}`)],
    kinds.map((kind) => {
      const of = (attacks: readonly Attacked[]) => attacks.filter(({ what, road }) => `${what}, ${road}` === kind);
      const first = of(byGuard[0]![1]);
      return [
        kind,
        first.length,
        first.reduce((sum, { writes }) => sum + writes, 0),
        ...byGuard.map(([, attacks]) => of(attacks).filter(({ effects }) => effects > 0).length),
      ];
    }),
  );
}

/** The attacks that got something through, in words. */
export const worst = (attacks: readonly Attacked[]): string[] =>
  attacks
    .filter(({ effects }) => effects > 0)
    .map(({ what, attack, road, effects }) => `${effects} effects by ${attack} (${what}, ${road})`);
