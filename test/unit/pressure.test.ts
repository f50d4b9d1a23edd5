/** What the door of the intent-manager refuses under pressure. */
import { describe, expect, it } from "vitest";
import { Pressure } from "../../intent-manager/http/pressure.ts";
import { LIMITS } from "../../shared/limits.ts";

const none = () => {};
const calm = () =>
  new Pressure(
    () => 0,
    () => Promise.resolve(),
  );

describe("new work under pressure", () => {
  it("is refused past the bound and taken again as soon as some of it has ended", () => {
    const pressure = calm();
    const entries = Array.from({ length: LIMITS.workInFlight }, () => pressure.enter(1_000, none));
    expect(entries.every(({ refused }) => refused === null)).toBe(true);
    expect(pressure.enter(1_000, none).refused?.code).toBe("overloaded");
    const first = entries[0]!;
    if (first.refused === null) first.leave();
    expect(pressure.enter(1_000, none).refused).toBeNull();
    expect(pressure.enter(1_000, none).refused?.code).toBe("overloaded");
  });

  it("does not count what has only been waiting for a while, up to the number that may be held at all", () => {
    const pressure = calm();
    let taken = 0;
    for (let nowMs = 0; taken < LIMITS.workHeld; nowMs += LIMITS.workMs)
      for (let i = 0; i < LIMITS.workInFlight; i++) if (pressure.enter(nowMs, none).refused === null) taken++;
    expect(taken).toBe(LIMITS.workHeld);
    expect(pressure.enter(1e9, none).refused?.code).toBe("overloaded");
  });

  it("is taken in small numbers alone while timers come late, and as before once they are in time again", async () => {
    let nowMs = 0;
    let fire = (): void => {};
    const pressure = new Pressure(
      () => nowMs,
      () => new Promise((resolve) => (fire = resolve)),
    );
    const works: Promise<unknown>[] = [];
    const enter = () => pressure.enter(nowMs, (work) => works.push(work));
    for (let i = 0; i <= LIMITS.workCalm; i++) expect(enter().refused).toBeNull();
    expect(works).toHaveLength(1);
    nowMs += LIMITS.turnLagMs + 1;
    expect(enter().refused?.code).toBe("overloaded");
    fire();
    await works[0];
    // The lag of before holds until another timer says otherwise.
    expect(enter().refused?.code).toBe("overloaded");
    fire();
    await works[1];
    expect(enter().refused).toBeNull();
  });

  it("is taken in the smallest number while timers come very late", () => {
    let nowMs = 0;
    const pressure = new Pressure(
      () => nowMs,
      () => new Promise(() => {}),
    );
    const enter = () => pressure.enter(nowMs, none);
    const entries = Array.from({ length: LIMITS.workCalm }, enter);
    // The next one asks for a timer, which does not come.
    expect(enter().refused).toBeNull();
    nowMs += LIMITS.turnLateMs + 1;
    for (const entry of entries.slice(LIMITS.workTight - 1)) if (entry.refused === null) entry.leave();
    expect(enter().refused?.code).toBe("overloaded");
    if (entries[0]!.refused === null) entries[0]!.leave();
    expect(enter().refused).toBeNull();
    expect(enter().refused?.code).toBe("overloaded");
  });
});
