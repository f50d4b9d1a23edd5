import { describe, expect, it } from "vitest";
import { isLine, layoutSteps } from "../../../console/src/lib/graph.ts";

const step = (id: string, after: string[] = [], round = 1) => ({ id, after, round });
const columns = (steps: Parameters<typeof layoutSteps>[0]) =>
  Object.fromEntries(layoutSteps(steps).nodes.map(({ id, column }) => [id, column]));

describe("the drawing of steps", () => {
  it("puts a step behind the longest way to it", () => {
    expect(columns([step("a"), step("b", ["a"]), step("c", ["b"]), step("d", ["a", "c"])])).toEqual({
      a: 0,
      b: 1,
      c: 2,
      d: 3,
    });
  });

  it("puts steps that do not wait for each other below each other", () => {
    const layout = layoutSteps([step("a"), step("b"), step("c", ["a", "b"])]);
    expect(layout.nodes.map(({ row }) => row)).toEqual([0, 1, 0]);
    expect(isLine(layout)).toBe(false);
  });

  it("puts a later round behind everything of the rounds before it", () => {
    expect(columns([step("a"), step("b", ["a"]), step("c", [], 2)])).toEqual({ a: 0, b: 1, c: 2 });
  });

  it("knows a plain line", () => {
    expect(isLine(layoutSteps([step("a"), step("b", ["a"])]))).toBe(true);
  });

  it("draws a task whose steps name unknown steps or each other", () => {
    expect(columns([step("a", ["gone"]), step("b", ["c"]), step("c", ["b"])])).toMatchObject({ a: 0 });
    expect(layoutSteps([])).toEqual({ nodes: [], edges: [], columns: 0, rows: 0 });
  });
});
