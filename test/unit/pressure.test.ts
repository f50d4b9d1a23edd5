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
    let nowMs = 0;
    for (; taken < LIMITS.workHeld; nowMs += LIMITS.workMs)
      for (let i = 0; i < LIMITS.workInFlight; i++) if (pressure.enter(nowMs, none).refused === null) taken++;
    expect(taken).toBe(LIMITS.workHeld);
    expect(pressure.enter(nowMs, none).refused?.code).toBe("overloaded");
    // What was dropped with its client never leaves.
    expect(pressure.enter(nowMs + LIMITS.workForgottenMs, none).refused).toBeNull();
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

  it("begins at once while little is under way, and else only after a turn that brought few others", async () => {
    const { pressure, endTurn, enter } = turning();
    const taken = () => {
      const entry = enter(pressure);
      if (entry.refused !== null) throw new Error("refused");
      return entry.mayBegin;
    };
    for (let i = 0; i < LIMITS.workAtOnce; i++) expect(taken()).toBeNull();
    const first = taken()!;
    for (let i = 0; i < LIMITS.turnArrivals; i++) taken();
    expect(first()).toBe(false);
    await endTurn(10);
    expect(first()).toBe(false);
    const second = taken()!;
    await endTurn(10);
    expect([first(), second()]).toEqual([true, true]);
    expect(taken()!()).toBe(false);
  });

  it("waits for others no longer than so many turns", async () => {
    const { pressure, endTurn, enter } = turning();
    for (let i = 0; i < LIMITS.workAtOnce; i++) enter(pressure);
    const entry = enter(pressure);
    if (entry.refused !== null) throw new Error("refused");
    for (let turns = 0; turns < LIMITS.turnsWaited; turns++) {
      expect(entry.mayBegin!()).toBe(false);
      for (let i = 0; i < LIMITS.turnArrivals; i++) enter(pressure);
      await endTurn(1);
    }
    expect(entry.mayBegin!()).toBe(true);
  });

  it("takes a turn whose timer does not come for a long one, and starts another", () => {
    const { pressure, fill, pass } = turning();
    fill(pressure);
    pass(LIMITS.turnLostMs);
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
