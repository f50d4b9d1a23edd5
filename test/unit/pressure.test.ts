/** What the door of the intent-manager refuses under pressure. */
import { describe, expect, it } from "vitest";
import { Pressure } from "../../intent-manager/http/pressure.ts";
import { LIMITS } from "../../shared/limits.ts";

describe("new work under pressure", () => {
  it("is refused past the bound and taken again as soon as some of it has ended", () => {
    const pressure = new Pressure();
    const entries = Array.from({ length: LIMITS.workInFlight }, () => pressure.enter(1_000));
    expect(entries.every(({ refused }) => refused === null)).toBe(true);
    expect(pressure.enter(1_000).refused?.code).toBe("overloaded");
    const first = entries[0]!;
    if (first.refused === null) first.leave();
    expect(pressure.enter(1_000).refused).toBeNull();
    expect(pressure.enter(1_000).refused?.code).toBe("overloaded");
  });

  it("does not count what has only been waiting for a while, up to the number that may be held at all", () => {
    const pressure = new Pressure();
    let taken = 0;
    for (let nowMs = 0; taken < LIMITS.workHeld; nowMs += LIMITS.workMs)
      for (let i = 0; i < LIMITS.workInFlight; i++) if (pressure.enter(nowMs).refused === null) taken++;
    expect(taken).toBe(LIMITS.workHeld);
    expect(pressure.enter(1e9).refused?.code).toBe("overloaded");
  });
});
