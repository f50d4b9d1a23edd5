/** Where the steps of a task stand in a drawing: columns by the longest way from a start, rows by order of appearance. Pure. */

export type GraphStep = { readonly id: string; readonly after: readonly string[]; readonly round: number };
export type Placed = { readonly id: string; readonly column: number; readonly row: number };
export type Layout = {
  readonly nodes: readonly Placed[];
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly columns: number;
  readonly rows: number;
};

/** Edges to unknown steps are left out, and so is the way back of a cycle: a broken task is still drawn. */
export function layoutSteps(steps: readonly GraphStep[]): Layout {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const columnById = new Map<string, number>();
  const edges: (readonly [string, string])[] = [];
  // A later round follows everything of the rounds before it.
  const firstColumn = (round: number): number =>
    Math.max(-1, ...steps.filter((step) => step.round < round).map((step) => columnById.get(step.id) ?? -1)) + 1;
  const place = (step: GraphStep, path: ReadonlySet<string>): number => {
    const known = columnById.get(step.id);
    if (known !== undefined) return known;
    let column = firstColumn(step.round);
    for (const id of step.after) {
      const before = byId.get(id);
      if (before === undefined || path.has(id)) continue;
      edges.push([id, step.id]);
      column = Math.max(column, place(before, new Set(path).add(step.id)) + 1);
    }
    columnById.set(step.id, column);
    return column;
  };
  for (const step of steps.toSorted((a, b) => a.round - b.round)) place(step, new Set([step.id]));

  const rowsUsed: number[] = [];
  const nodes = steps.map(({ id }) => {
    const column = columnById.get(id)!;
    const row = rowsUsed[column] ?? 0;
    rowsUsed[column] = row + 1;
    return { id, column, row };
  });
  return { nodes, edges, columns: rowsUsed.length, rows: Math.max(0, ...rowsUsed.map((used) => used ?? 0)) };
}

/** Whether a list from top to bottom already says everything: each step follows the one before it. */
export const isLine = (layout: Layout): boolean =>
  layout.rows <= 1 && layout.edges.every(([from, to]) => columnOf(layout, to) === columnOf(layout, from) + 1);

const columnOf = (layout: Layout, id: string): number => layout.nodes.find((node) => node.id === id)!.column;
