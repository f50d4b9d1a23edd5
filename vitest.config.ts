import { defineConfig } from "vitest/config";

/** Pure code runs in Node; each Worker has its own project with its own wrangler.toml. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/vectors/**/*.test.ts"],
          environment: "node",
        },
      },
    ],
  },
});
