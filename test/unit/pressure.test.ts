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

  it("is taken less and less while turns are long and work is refused, but never less than the least", async () => {
    const { pressure, endTurn, fill } = turning();
    let bound = fill(pressure);
    expect(bound).toBe(LIMITS.workInFlight);
    const bounds = [bound];
    while (bound > LIMITS.workLeast) {
      await endTurn(LIMITS.turnMs + 1);
      bound = fill(pressure);
      expect(bound).toBeLessThan(bounds.at(-1)!);
      bounds.push(bound);
    }
    expect(bounds.length).toBeLessThan(8);
    await endTurn(LIMITS.turnMs + 1);
    expect(fill(pressure)).toBe(LIMITS.workLeast);
  });

  it("is taken again step by step once turns are short, one more where some was refused and a quarter more where none was", async () => {
    const { pressure, endTurn, fill, enter } = turning();
    fill(pressure);
    await endTurn(LIMITS.turnMs + 1);
    const shrunk = fill(pressure);
    await endTurn(1);
    expect(fill(pressure)).toBe(shrunk + 1);
    await endTurn(1);
    const entry = enter(pressure);
    if (entry.refused === null) entry.leave();
    await endTurn(1);
    expect(fill(pressure)).toBe(Math.floor((shrunk + 2) * 1.25));
  });

  it("is taken as before in long turns that refuse nothing: slow work alone is no reason", async () => {
    const { pressure, endTurn, fill, enter } = turning();
    fill(pressure);
    await endTurn(LIMITS.turnMs + 1);
    const shrunk = fill(pressure);
    await endTurn(1);
    for (let i = 0; i < 3; i++) {
      const entry = enter(pressure);
      if (entry.refused === null) entry.leave();
      await endTurn(10 * LIMITS.turnMs);
    }
    expect(fill(pressure)).toBe(shrunk + 1);
  });

  it("takes a turn whose timer does not come for a long one, and starts another", () => {
    const { pressure, fill, pass } = turning();
    fill(pressure);
    pass(LIMITS.turnLostMs);
    expect(fill(pressure)).toBe(LIMITS.workInFlight);
    expect(fill(pressure)).toBe(LIMITS.workInFlight / 2);
  });
});

/** A door whose turns end when a test says so; `fill` says how much it takes until it refuses, and ends it all again. */
function turning() {
  let nowMs = 0;
  let fire = (): void => {};
  const works: Promise<unknown>[] = [];
  const pressure = new Pressure(
    () => nowMs,
    () => new Promise((resolve) => (fire = resolve)),
  );
  const enter = (of: Pressure) => of.enter(nowMs, (work) => works.push(work));
  return {
    pressure,
    enter,
    pass: (ms: number) => void (nowMs += ms),
    async endTurn(ms: number) {
      nowMs += ms;
      fire();
      await works.at(-1);
    },
    fill(of: Pressure): number {
      const taken = [];
      for (let entry = enter(of); entry.refused === null; entry = enter(of)) taken.push(entry);
      for (const { leave } of taken) leave();
      return taken.length;
    },
  };
}
