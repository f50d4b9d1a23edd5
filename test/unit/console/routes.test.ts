import { describe, expect, it } from "vitest";
import { impactPath, parseRoute, reviewPath, runbookPath, taskPath } from "../../../console/src/lib/routes.ts";

describe("addresses", () => {
  it.each([
    ["/", { page: "overview" }],
    ["/tasks", { page: "overview" }],
    [taskPath("tsk_eu_0_x"), { page: "task", id: "tsk_eu_0_x" }],
    ["/reviews/", { page: "reviews", id: null }],
    [reviewPath("a/b"), { page: "reviews", id: "a/b" }],
    [runbookPath("in-doubt"), { page: "runbook", name: "in-doubt" }],
    ["/impact", { page: "impact", resource: null }],
    [impactPath("order:#W1/2"), { page: "impact", resource: "order:#W1/2" }],
    ["/runbooks", { page: "unknown" }],
    ["/key", { page: "key" }],
    ["/trust", { page: "trust" }],
    ["/key/more", { page: "unknown" }],
    ["/tasks/%E0%A4%A", { page: "unknown" }],
    ["/tasks/a/b", { page: "unknown" }],
  ])("%s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});
