import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import type { TraceExport } from "../../../ledger/index.ts";
import type { Head } from "../../../ledger/batch.ts";
import { keepingOf } from "../../../ledger/keeping.ts";
import { stateOf } from "../../../ledger/queries/state.ts";
import { archive, grow, keeping, kept, logOf, objects, snapshot } from "./outside-world.ts";
import type { TraceExportState } from "../../../shared/trace/export-state.ts";
import { TestChain, testTask } from "../../support/chain.ts";
import { testKeys } from "../keys.ts";
import { chainOf, ledger, newTenant, valueOf } from "./world.ts";

afterEach(() => vi.restoreAllMocks());

const nameOf = (tenant: string, size: number) => `${tenant}/checkpoints/${String(size).padStart(16, "0")}`;
/** The pause between two checkpoints is over. */
const later = (tenant: string) =>
  env.LEDGER_DB.prepare("UPDATE published SET at_ms = 1, tried_ms = 1 WHERE tenant = ?").bind(tenant).run();

it("the newest checkpoint is published after each pause, under a name of its own", async () => {
  const { tenant, chain } = await logOf(10);
  expect((await kept(tenant)).published).toMatchObject([{ place: "archive", size: 10, behind: 0, failures: 0 }]);
  const first = valueOf(await ledger.checkpoint(tenant));
  await grow(chain, 4);
  expect((await kept(tenant)).published).toMatchObject([{ size: 10, behind: 5 }]);
  await grow(chain, 4);
  await later(tenant);
  expect((await kept(tenant)).published).toMatchObject([{ size: 20, behind: 0 }]);
  expect(await objects(`${tenant}/checkpoints/`)).toEqual([nameOf(tenant, 10), nameOf(tenant, 20)]);
  expect(await (await archive.get(nameOf(tenant, 10)))!.text()).toBe(first);
});

it("an address gets the newest checkpoint as text, and one that fails is tried again and named", async () => {
  const { tenant, chain } = await logOf(10);
  const sent: { address: string; note: string; type: string | null }[] = [];
  let status = 503;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input as string, init as RequestInit);
    sent.push({ address: request.url, note: await request.text(), type: request.headers.get("content-type") });
    return new Response(null, { status });
  });
  // A token may stand in any part of an address: none is ever shown.
  const address = "https://witness.example/services/T-secret/add?token=secret";
  const other = "https://witness.example/services/U-secret";
  await keeping(tenant, { publishTo: [address, other] });
  await kept(tenant);
  // The entrypoint reads its own settings, the object those of this test.
  const settings = valueOf(keepingOf(JSON.stringify({ publishTo: [address, other] })));
  const shown = await stateOf(env.LEDGER_DB, tenant, { size: 10, root: "" } as Head, settings);
  expect(shown.published.map(({ place, failures }) => [place, failures])).toEqual([
    ["archive", 0],
    ["https://witness.example/…", 1],
    ["https://witness.example/… (2)", 1],
  ]);
  expect(JSON.stringify(shown)).not.toContain("secret");
  const rowOf = () =>
    env.LEDGER_DB.prepare("SELECT size, failures, last_error FROM published WHERE tenant = ? AND place = ?")
      .bind(tenant, address)
      .first();
  expect(await rowOf()).toEqual({ size: 0, failures: 1, last_error: "status 503" });
  await kept(tenant);
  expect(sent.map((one) => one.address)).toEqual([address, other]); // not before its pause is over
  status = 200;
  await grow(chain, 4);
  await later(tenant);
  await kept(tenant);
  expect(await rowOf()).toEqual({ size: 15, failures: 0, last_error: null });
  expect(sent.findLast((one) => one.address === address)).toEqual({
    address,
    note: valueOf(await ledger.checkpoint(tenant)),
    type: "text/plain; charset=utf-8",
  });
});

it("a database that was rewound is found by the next checkpoint, though it has forgotten what it published", async () => {
  const { tenant, chain } = await logOf(10);
  await kept(tenant);
  const rewind = await snapshot(tenant);
  await grow(chain, 4);
  await later(tenant);
  await kept(tenant);
  await rewind();
  await later(tenant);
  const other = chainOf(`${tenant}/us/0`);
  await grow(other, 1);
  const { alarms } = await kept(tenant);
  expect(alarms).toMatchObject([{ object: nameOf(tenant, 15), code: "checkpoint-inconsistent" }]);
  expect(await objects(`${tenant}/checkpoints/`)).toEqual([nameOf(tenant, 10), nameOf(tenant, 15)]);
});

for (const [what, tasks] of [
  ["two checkpoints of one size are", 4],
  ["a fork that grew past what was published is", 30],
] as const)
  it(`${what} found by the next checkpoint`, async () => {
    const { tenant, chain } = await logOf(10);
    await kept(tenant);
    const rewind = await snapshot(tenant);
    await grow(chain, 4);
    await later(tenant);
    await kept(tenant);
    await rewind();
    await later(tenant);
    await grow(chainOf(`${tenant}/us/0`), tasks);
    const { alarms, published } = await kept(tenant);
    expect(alarms).toMatchObject([{ object: nameOf(tenant, 15), code: "checkpoint-inconsistent" }]);
    expect(published[0]!.size).toBe(10);
  });

it("what the log never signed does not pass for one of its checkpoints", async () => {
  const { tenant } = await logOf(10);
  await archive.put(nameOf(tenant, 12), "a note of somebody else\n12\nAAAA\n");
  expect((await kept(tenant)).alarms).toMatchObject([{ object: nameOf(tenant, 12), code: "note-malformed" }]);
});

it("traces leave a real object by its alarm: they wait while the collector fails, and go out once when it takes them again", async () => {
  const tenant = newTenant();
  // Records that are a day old would not be sent.
  const chain = new TestChain(`${tenant}/eu/0`, testKeys.workers.receiptKey, Date.now());
  const asked: { url: string; body: { resourceSpans: unknown[] } }[] = [];
  let status = 503;
  const stub = env.TRACE_EXPORT.getByName(tenant);
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  Object.assign(env, { OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example/secret-path" });
  /** Fires the alarms that the object has set until it stands so; only then are they looked at. */
  const until = (stands: (state: TraceExportState) => boolean) =>
    vi.waitUntil(async () => (await runDurableObjectAlarm(stub), stands(await stub.state())), 60_000);
  try {
    await runInDurableObject(stub, (object: TraceExport) => {
      object.fetchFrom = async (url, init) => {
        asked.push({ url, body: JSON.parse(init.body as string) });
        return new Response(status === 200 ? "{}" : "busy", { status });
      };
    });
    chain.writeTask(testTask(chain.executor, 1));
    valueOf(await ledger.append(await chain.deliver()));
    await until(({ failing }) => failing !== null);
    expect(await stub.state()).toMatchObject({
      endpoint: "https://collector.example/…",
      pending: 1,
      sentTraces: 0,
      failing: { what: "HTTP 503" },
    });
    status = 200;
    await until(({ sentTraces }) => sentTraces === 1);
    expect(await stub.state()).toMatchObject({ pending: 0, lag: 0, failing: null });
    const sent = asked.length;
    await stub.wake();
    await runDurableObjectAlarm(stub);
    expect(asked.map(({ url }) => url)).toEqual(Array(sent).fill("https://collector.example/secret-path/v1/traces"));
    expect(asked.at(-1)!.body.resourceSpans.length).toBeGreaterThan(1);
  } finally {
    Object.assign(env, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  }
});
