import { expect, it } from "vitest";
import { csvHeader, csvLines } from "../../intent-manager/insight/run-csv.ts";
import { someRun } from "../support/some-run.ts";

it("a run is one line under the header, quoted where it must be, and no cell begins as a formula", () => {
  const header = csvHeader().trimEnd().split(",");
  const cells = csvLines([someRun]);
  expect(cells.endsWith("\r\n")).toBe(true);
  expect(cells).toContain(`mail:=HYPERLINK(""http://evil"",""x"")`); // begins with a kind, so it is none
  expect(cells).toContain(`"'+1, ""quoted"""`);
  expect(cells).toContain(",'@ada,");
  expect(cells).toContain(",small; known,");
  expect(header.length).toBe(43);
});
