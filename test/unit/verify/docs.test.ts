import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { CHECKS, FINDINGS } from "../../../shared/verify/index.ts";

const text = readFileSync(path.join(import.meta.dirname, "../../../docs/verify.md"), "utf8");

describe("docs/verify.md", () => {
  it.each([...Object.keys(CHECKS), ...Object.keys(FINDINGS)])("explains `%s`", (code) => {
    expect(text).toContain(`\n| \`${code}\` |`);
  });
});
