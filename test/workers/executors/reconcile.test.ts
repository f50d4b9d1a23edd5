import { expect, it } from "vitest";
import { inObject, world } from "./world.ts";

it("an executor whose alarm was lost does what is due when it is nudged, and says what is late before and after", async () => {
  const w = await world();
  await inObject(w.executor(), (_, state: DurableObjectState) => {
    state.storage.sql.exec("INSERT INTO timers (task, name, at_ms) VALUES ('tsk_eu_0_gone', 'deadline', 1)");
    void state.storage.deleteAlarm();
  });
  expect(await w.executor().witness()).toMatchObject({ value: { dueSince: new Date(1).toISOString() } });
  expect(await w.executor().reconcile()).toMatchObject({
    ok: true,
    value: { before: { timers: 1, reviews: 0 }, after: { timers: 0, reviews: 0 }, stuck: [] },
  });
});
