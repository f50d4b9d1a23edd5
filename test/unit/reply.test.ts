import { expect, it } from "vitest";
import { refusal } from "../../intent-manager/http/reply.ts";
import { problem } from "../../shared/problems.ts";

it("a refusal says when to come back: of a doubt while its target is still asked, of a server that cannot now", () => {
  const asked = problem("not-in-doubt", "still asked", { nextAskAt: "2026-11-21T10:00:07.000Z", retryAfterSeconds: 7 });
  const retryAfter = (refused: typeof asked) => refusal(refused, "r").headers.get("retry-after");
  expect(retryAfter(asked)).toBe("7");
  expect(retryAfter(problem("target-unavailable", "down"))).toBe("1");
  expect(retryAfter(problem("not-in-doubt", "nothing is"))).toBeNull();
});
