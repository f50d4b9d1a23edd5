/** The Worker adapter over a service binding to a second, real Worker that counts what it did. */
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ActionContext, Outcome } from "../../executors/adapters/types.ts";
import { idempotencyKeyOf } from "../../executors/adapters/http-definition.ts";
import { bundle } from "../../scripts/bench/bundle.ts";
import type { WarehouseFault } from "../support/warehouse.worker.ts";
import { actionContext, said } from "../support/action-context.ts";

let miniflare: Miniflare;
let actions = 0;
const SHORT_MS = 300;

beforeAll(async () => {
  const modules = async (entry: string) => [{ type: "ESModule", path: "index.mjs", contents: await bundle(entry) }];
  const compatibilityDate = "2026-10-01";
  const world = {
    compatibilityDate,
    modules: await modules("test/support/worker-world.ts"),
    serviceBindings: {
      WAREHOUSE: { name: "warehouse", entrypoint: "Warehouse" },
      EGRESS: { name: "world", entrypoint: "Egress" },
    },
  };
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      cf: false,
      workers: [
        { name: "world", ...world, bindings: { WORKER_TARGETS: '{"bindings":{"warehouse":"WAREHOUSE"}}' } },
        {
          name: "without",
          ...world,
          serviceBindings: { EGRESS: { name: "without", entrypoint: "Egress" } },
          bindings: { WORKER_TARGETS: '{"bindings":{"warehouse":"WAREHOUSE"}}' },
        },
        { name: "nowhere", ...world, bindings: { WORKER_TARGETS: '{"bindings":{"warehouse":"LEDGER"}}' } },
        { name: "warehouse", compatibilityDate, modules: await modules("test/support/warehouse.worker.ts") },
      ],
    } as never),
  );
});
afterAll(() => miniflare?.dispose());
beforeEach(() => void actions++);

const context = (capability: string, change: Partial<ActionContext> = {}): ActionContext =>
  actionContext({
    capability,
    action: `act_${actions}`,
    premises: [{ resource: "stock/AB-123", version: 3, class: "checked-before" }],
    deadlineMs: 10_000 + SHORT_MS,
    nowMs: 10_000,
    ...change,
  });
const fetched = async (worker: string, body?: unknown): Promise<any> => {
  const target = (await miniflare.getWorker(worker)) as unknown as typeof globalThis;
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await target.fetch("http://test/", init)).json();
};
const ask = (
  run: string,
  capability: string,
  change: Partial<ActionContext> = {},
  args = { sku: "AB-123", quantity: 2 },
) => fetched("world", { run, capability, args, context: context(capability, change) });
const apply = (capability: string, change: Partial<ActionContext> = {}): Promise<Outcome> =>
  ask("apply", capability, change);
const plan = (...faults: readonly WarehouseFault[]) => fetched("warehouse", faults);
const done = async (): Promise<number> =>
  (await fetched("warehouse")).effects[idempotencyKeyOf({ tenant: "t", action: `act_${actions}` })] ?? 0;

const FAULTS: { readonly [fault in WarehouseFault]: string } = {
  "throw-before": "in-doubt effect-in-doubt",
  "throw-after": "in-doubt effect-in-doubt",
  "overloaded-before": "in-doubt effect-in-doubt",
  "overloaded-after": "in-doubt effect-in-doubt",
  "stall-after": "in-doubt effect-in-doubt",
  "wrong-form": "in-doubt answer-invalid",
  "wrong-result": "in-doubt answer-invalid",
  "with-function": "in-doubt answer-invalid",
  huge: "in-doubt answer-invalid",
  refuse: "refused effect-refused",
  busy: "refused effect-refused",
  moved: "refused premise-failed",
  "unknown-after": "in-doubt effect-in-doubt",
};
const faults = Object.keys(FAULTS) as WarehouseFault[];

describe("a Worker that keeps keys", () => {
  it.each(faults)("answers, after %s, to the same key with one effect", async (fault) => {
    await plan(fault);
    const first = await apply("stock.reserve");
    expect(said(first)).toBe(FAULTS[fault]);
    expect(JSON.stringify(first)).not.toContain("secret words");
    if (first.kind === "refused") expect(await done()).toBe(0);
    expect(said(await apply("stock.reserve", { resumed: true, deadlineMs: 1 }))).toBe("applied");
    expect(await done()).toBe(1);
  });

  it("is prepared first, and says what became of a key", async () => {
    expect(await ask("prepare", "stock.reserve")).toMatchObject({
      ok: true,
      value: {
        preview: { available: 10 },
        premises: [{ resource: "stock/AB-123", version: 3, class: "checked-before" }],
      },
    });
    expect(await ask("prepare", "stock.reserve", {}, { sku: "AB-123", quantity: 11 })).toMatchObject({
      ok: false,
      problem: { facts: { reason: "too-few" } },
    });
    expect(await ask("prepare", "stock.reserve", {}, { sku: "AA-000", quantity: 1 })).toMatchObject({
      ok: false,
      problem: { code: "effect-refused", facts: { reason: "no-such-article" } },
    });
    expect(await ask("reconcile", "stock.reserve")).toBeNull();
    await apply("stock.reserve");
    expect(await ask("reconcile", "stock.reserve")).toMatchObject({ kind: "applied", replayed: true });
  });

  it("is asked again only where it says so, after the pause that it asks for", async () => {
    await plan("busy", "refuse");
    expect(await apply("stock.reserve")).toMatchObject({ kind: "refused", retry: true, retryAfterMs: 1_500 });
    expect(await apply("stock.reserve")).toMatchObject({ kind: "refused", retry: false });
  });
});

describe("a Worker of which nobody knows whether it keeps keys", () => {
  it.each(faults)("is called once, whatever happens: %s", async (fault) => {
    const { apply: before } = (await fetched("warehouse")).calls;
    await plan(fault);
    expect(said(await apply("stock.once"))).toBe(FAULTS[fault]);
    expect(said(await apply("stock.once", { resumed: true }))).toBe("in-doubt effect-in-doubt");
    expect((await fetched("warehouse")).calls.apply - before).toBe(1);
    expect(await done()).toBeLessThanOrEqual(1);
  });

  it("is asked after a doubt where it can answer", async () => {
    await plan("throw-after");
    expect(said(await apply("stock.asked"))).toBe("in-doubt effect-in-doubt");
    expect(await ask("reconcile", "stock.asked")).toMatchObject({ kind: "applied", replayed: true });
  });
});

it("is not offered, or not reached, without its binding, and never over a binding of this Worker's own", async () => {
  const capability = "stock.reserve";
  const asked = { run: "apply", capability, args: { sku: "AB-123", quantity: 1 }, context: context(capability) };
  expect(await fetched("nowhere", asked)).toEqual({ offered: false });
  expect(await fetched("without", asked)).toMatchObject({ kind: "refused", problem: { code: "egress-refused" } });
  expect(await done()).toBe(0);
});
