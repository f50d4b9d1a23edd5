/** The steps of a task as a small drawing, for tasks whose order is not a plain line. Each box leads to its step below. */
import { layoutSteps, isLine, type Layout } from "../lib/graph.ts";
import type { StepView } from "../../../shared/views.ts";
import { toneOf } from "./status.tsx";

const BOX = { width: 148, height: 34, gapX: 36, gapY: 12, pad: 4 };
const x = (column: number): number => BOX.pad + column * (BOX.width + BOX.gapX);
const y = (row: number): number => BOX.pad + row * (BOX.height + BOX.gapY);

export const stepAnchor = (step: string): string => `step-${step}`;

export function StepGraph({ steps }: { steps: readonly StepView[] }) {
  // An undo comes after the step that it takes back.
  const layout = layoutSteps(
    steps.map(({ id, round, after, undoes }) => ({
      id,
      round,
      after: undoes === null ? after : [...after, undoes.step],
    })),
  );
  if (steps.length < 2 || isLine(layout)) return null;
  const width = x(layout.columns) - BOX.gapX + BOX.pad;
  const height = y(layout.rows) - BOX.gapY + BOX.pad;
  return (
    <div className="graph scroll-x" tabIndex={0} role="region" aria-label="Order of the steps">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <Edges layout={layout} />
        {layout.nodes.map(({ id, column, row }, i) => {
          const step = steps[i]!;
          return (
            <a key={id} href={`#${stepAnchor(id)}`} aria-label={`${id}: ${step.status}`}>
              <rect
                x={x(column)}
                y={y(row)}
                width={BOX.width}
                height={BOX.height}
                rx="6"
                className={`graph-box tone-${toneOf(step.status)}`}
              />
              <circle
                cx={x(column) + 14}
                cy={y(row) + BOX.height / 2}
                r="4"
                className={`graph-dot tone-${toneOf(step.status)}`}
              />
              <text x={x(column) + 26} y={y(row) + BOX.height / 2 + 4}>
                {id.length > 16 ? `${id.slice(0, 15)}…` : id}
                <title>{`${id} · ${step.capability} · ${step.status}`}</title>
              </text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}

function Edges({ layout }: { layout: Layout }) {
  const placeById = new Map(layout.nodes.map((node) => [node.id, node]));
  return layout.edges.map(([from, to]) => {
    const a = placeById.get(from)!;
    const b = placeById.get(to)!;
    const [x1, y1, x2, y2] = [
      x(a.column) + BOX.width,
      y(a.row) + BOX.height / 2,
      x(b.column),
      y(b.row) + BOX.height / 2,
    ];
    return (
      <path
        key={`${from}>${to}`}
        className="graph-edge"
        d={`M${x1} ${y1} C${x1 + BOX.gapX / 2} ${y1} ${x2 - BOX.gapX / 2} ${y2} ${x2} ${y2}`}
      />
    );
  });
}
