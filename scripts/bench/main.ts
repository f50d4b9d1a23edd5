/**
 * `npm run bench [-- --quick | --seconds N]`: what a governed task costs beside what the platform itself costs, in one run on this machine.
 *
 *   bare Worker         a Worker that answers JSON
 *   floor               an object that makes three writes durable one after another (executor objects: as many as the tenant has shards)
 *   governed, journal   POST /v1/intents of the automation `notes`, waited for: everything that a task goes through, three steps that journal
 *   governed, D1        the same with three writes to the regional database
 *   three D1 writes     a Worker that writes three rows to D1, one after another
 *   log                 the executors' peak held for a minute, then twice as much offered: does the ledger keep up (log.ts)
 *   overload            four times the peak, offered without regard for the answers (overload.ts)
 *
 * Beside the table: D1 actions a second in shared batches and with a batch each, what a callee that hangs costs the others in its shard
 * (hanging.ts), what a search in memory takes (memory.ts), and what many policy rules cost.
 *
 * The governed steady state runs at a rate at which the ledger keeps up; the burst before it does not wait for the ledger.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureEffects } from "./effects.ts";
import { measureHanging } from "./hanging.ts";
import type { JobResult } from "./job.ts";
import { LoadGenerator } from "./load.ts";
import { cpuSeconds } from "./processes.ts";
import { measureLog } from "./log.ts";
import { CLOSED, measureOverload } from "./overload.ts";
import { measureMemory } from "./memory.ts";
import { measureRules } from "./rules.ts";
import { short, table, times } from "./table.ts";
import { drained, WitnessWatch, type Delivery } from "./witness.ts";
import {
  startBaseline,
  startEffects,
  startGoverned,
  startMemory,
  type Governed,
  type Lags,
  type Rows,
  type Running,
} from "./world.ts";
import { wranglerEnvironment } from "../lib/project.ts";

const CLIENTS = [1, 16, 64] as const;
/** Of the rate that the ledger was seen to keep up with: some air, so that a slow second is made up for. */
const STEADY_SHARE = 0.92;

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, seconds: { type: "string" }, only: { type: "string" } },
});
/** Seconds of a short measurement; the governed steady state takes longer. */
const unit = options.seconds === undefined ? (options.quick ? 2 : 5) : Math.max(1, Number(options.seconds));
const steadySeconds = options.quick ? 5 : Math.max(30, unit);
const warmSeconds = options.quick ? 0.5 : 1.5;

type Row = {
  readonly what: string;
  readonly clients: number;
  readonly load: JobResult;
  /** Milliseconds of the runtime's CPU a task. */
  readonly cpuMs: number | null;
  readonly objectRows: number | null;
  readonly databaseRows: number | null;
  readonly delivery: Delivery | null;
  readonly lags: Lags | null;
};

Object.assign(process.env, wranglerEnvironment());
const generator = new LoadGenerator();
const rows: Row[] = [];
let counter = 0;

const head = (method: string, path: string, host: string, headers: Record<string, string> = {}): string =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join("\r\n") + "\r\n";

type Kind = { readonly what: string; readonly head: string; readonly body: string; readonly expect: string };

async function load(
  target: Running,
  kind: Kind,
  clients: number,
  seconds: number,
  perSecond: number | null = null,
): Promise<{ load: JobResult; cpu: number | null }> {
  const before = target.pid === null ? null : cpuSeconds(target.pid);
  const result = await generator.run({
    host: target.host,
    port: target.port,
    clients,
    seconds,
    perSecond,
    from: counter,
    mayRefuse: true,
    ...kind,
  });
  counter += result.done + result.failed + result.refused + clients;
  if (result.refused > 0)
    process.stderr.write(
      `  ${kind.what}, ${clients} clients: ${result.refused} refused early, the machine is too slow or too busy\n`,
    );
  if (result.failed > 0)
    throw new Error(
      `${kind.what}: ${result.failed} of ${result.done + result.failed} answers were wrong, the first: ${result.failure}`,
    );
  return { load: result, cpu: before === null ? null : cpuSeconds(target.pid!) - before };
}

async function measureBaseline(
  target: Running,
  kind: Kind,
  clients: number,
  rowsPerTask: { object: number; database: number },
): Promise<void> {
  await load(target, kind, clients, warmSeconds);
  const { load: result, cpu } = await load(target, kind, clients, unit);
  add({
    what: kind.what,
    clients,
    load: result,
    cpuMs: cpu === null ? null : (cpu * 1_000) / result.done,
    objectRows: rowsPerTask.object,
    databaseRows: rowsPerTask.database,
    delivery: null,
    lags: null,
  });
}

/** One measurement of governed tasks; the outboxes are empty when it starts. */
async function measureGoverned(
  target: Governed,
  kind: Kind,
  clients: number,
  seconds: number,
  perSecond: number | null,
): Promise<{ row: Row; drainSeconds: number }> {
  const before = await target.rows();
  const watch = new WitnessWatch(target);
  const fromMs = Date.now();
  const { load: result, cpu } = await load(target, kind, clients, seconds, perSecond);
  const untilMs = Date.now();
  const delivery = await watch.stop();
  const drainSeconds = (await drained(target)) / 1_000;
  const written = difference(await target.rows(), before);
  await checkReceipts(target, result);
  const row: Row = {
    what: kind.what,
    clients,
    load: result,
    cpuMs: cpu === null ? null : (cpu * 1_000) / result.done,
    objectRows: written.object / result.done,
    databaseRows: (written.businessDatabase + written.ledgerDatabase) / result.done,
    delivery,
    lags: await target.lags(fromMs, untilMs),
  };
  return { row, drainSeconds };
}

const difference = (after: Rows, before: Rows): Rows => ({
  object: after.object - before.object,
  businessDatabase: after.businessDatabase - before.businessDatabase,
  ledgerDatabase: after.ledgerDatabase - before.ledgerDatabase,
});

/** A sample of the tasks is read back: settled, recorded, and a signed receipt on every step. */
async function checkReceipts({ host, port, keys }: Governed, { sample }: JobResult): Promise<void> {
  for (const text of sample) {
    const { id } = JSON.parse(text) as { id: string };
    const response = await fetch(`http://${host}:${port}/v1/tasks/${id}`, {
      headers: { authorization: `Bearer ${keys.apiKeys.app}` },
    });
    const task = (await response.json()) as { status: string; recorded: boolean; steps: { receipt: unknown }[] };
    if (
      task.status !== "succeeded" ||
      !task.recorded ||
      task.steps.length !== 3 ||
      task.steps.some(({ receipt }) => (receipt ?? null) === null)
    )
      throw new Error(`the task ${id} has no receipts: ${JSON.stringify(task).slice(0, 300)}`);
  }
}

function add(row: Row): void {
  rows.push(row);
  process.stderr.write(
    `  ${row.what}, ${row.clients} clients: ${short(rateOf(row))}/s, p50 ${short(row.load.p50)} ms, ${short(row.cpuMs)} ms CPU\n`,
  );
}

const rateOf = ({ load: { done, seconds } }: Row): number => done / seconds;

async function governed(target: Governed, notes: Kind, clients: number): Promise<void> {
  await load(target, notes, clients, warmSeconds);
  await drained(target);
  if (clients === 1) {
    add({ ...(await measureGoverned(target, { ...notes, what: "governed, journal" }, 1, 2 * unit, null)).row });
    return;
  }
  const burst = await measureGoverned(target, { ...notes, what: "  burst" }, clients, unit, null);
  const { load: result } = burst.row;
  const sustainable = result.done / (result.seconds + burst.drainSeconds);
  const seconds = clients === CLIENTS.at(-1) ? steadySeconds : Math.max(unit, steadySeconds / 2);
  const steady = await measureGoverned(
    target,
    { ...notes, what: "governed, journal" },
    clients,
    seconds,
    STEADY_SHARE * sustainable,
  );
  add(steady.row);
  add(burst.row);
}

function print(): void {
  const floorOf = (clients: number) => rows.find((row) => row.what === "floor" && row.clients === clients);
  const cells = rows.map((row) => {
    const floor = floorOf(row.clients);
    return [
      row.what,
      String(row.clients),
      short(rateOf(row)),
      short(row.load.p50),
      short(row.load.p99),
      short(row.cpuMs),
      short(row.objectRows),
      short(row.databaseRows),
      row.lags === null ? "–" : short(row.lags.p99),
      row.delivery === null ? "–" : short(row.delivery.undelivered),
      floor === undefined ? "–" : times(rateOf(row) / rateOf(floor)),
      floor === undefined ? "–" : times(row.load.p50 / floor.load.p50),
      floor === undefined || row.cpuMs === null || floor.cpuMs === null ? "–" : times(row.cpuMs / floor.cpuMs),
    ];
  });
  const head = [
    "",
    "clients",
    "tasks/s",
    "p50 ms",
    "p99 ms",
    "CPU ms/task",
    "object rows",
    "D1 rows",
    "ledger lag p99 ms",
    "outbox",
    "rate/floor",
    "p50/floor",
    "CPU/floor",
  ];
  console.log(`\n${table(head, cells)}`);
}

const startMs = performance.now();
const baseline = await startBaseline();
const governedTarget = await startGoverned({ doors: CLOSED });
try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, load ${loadavg()[0]!.toFixed(1)}, Node ${process.versions.node}`,
  );
  const at = (target: Running) => `${target.host}:${target.port}`;
  const bare: Kind = { what: "bare Worker", head: head("GET", "/", at(baseline)), body: "", expect: '"ok":true' };
  const floor: Kind = { what: "floor", head: head("POST", "/object", at(baseline)), body: "{}", expect: '"ok":true' };
  const database: Kind = {
    what: "three D1 writes",
    head: head("POST", "/database", at(baseline)),
    body: "{}",
    expect: '"ok":true',
  };
  const intentHead = (host: string, apiKey: string): string =>
    head("POST", "/v1/intents", host, {
      Authorization: `Bearer ${apiKey}`,
      "Content-Type": "application/json",
      Prefer: "wait=10",
      "Idempotency-Key": "bench-{n}",
    });
  const intent = intentHead(at(governedTarget), governedTarget.keys.apiKeys.app);
  const notes: Kind = {
    what: "governed, journal",
    head: intent,
    body: JSON.stringify({ automation: "notes", input: { text: "a short text" } }),
    expect: '"status":"succeeded"',
  };
  const addresses: Kind = {
    what: "governed, D1",
    head: intent,
    body: JSON.stringify({ automation: "three-addresses", input: { customerId: "bench_customer_{c}" } }),
    expect: '"status":"succeeded"',
  };

  const wanted = (name: string) => options.only === undefined || options.only.split(",").includes(name);
  for (const clients of CLIENTS) {
    if (wanted("bare")) await measureBaseline(baseline, bare, clients, { object: 0, database: 0 });
    if (wanted("floor")) await measureBaseline(baseline, floor, clients, { object: 3, database: 0 });
    if (wanted("governed")) await governed(governedTarget, notes, clients);
    if (wanted("d1")) {
      await load(governedTarget, addresses, clients, warmSeconds);
      await drained(governedTarget);
      add((await measureGoverned(governedTarget, addresses, clients, unit, null)).row);
      await measureBaseline(baseline, database, clients, { object: 0, database: 3 });
    }
  }
  print();
  if (wanted("effects")) {
    const effects = await startEffects();
    try {
      const { clients, shared, alone } = await measureEffects(effects, options.quick ? 1_000 : 4_000);
      console.log(
        `\nD1 adapter alone, ${clients} at a time: ${short(shared)} actions/s in shared batches, ${short(alone)} with a batch each: ${times(shared / alone)}`,
      );
    } finally {
      await effects.stop();
    }
  }
  if (wanted("hanging")) console.log(`\n${await measureHanging(generator, notes, intentHead, unit)}`);
  if (wanted("log")) {
    const offered = (clients: number, seconds: number, perSecond: number | null) =>
      load(governedTarget, { ...notes, what: "log" }, clients, seconds, perSecond).then(({ load: result }) => result);
    // A minute, where nobody asks for less: an outbox that grows slowly shows only then.
    console.log(
      `\n${await measureLog(governedTarget, offered, options.quick || options.seconds !== undefined ? unit : 60)}`,
    );
  }
  if (wanted("overload")) {
    const kinds = [
      { ...notes, what: "Overload, journal" },
      { ...addresses, what: "Overload, D1" },
    ] as const;
    const overload = await measureOverload(generator, governedTarget, kinds, unit, counter, () =>
      drained(governedTarget),
    );
    counter = overload.from;
    console.log(`\n${overload.text}`);
  }
  if (wanted("memory")) {
    const memory = await startMemory();
    try {
      console.log(`\n${await measureMemory(memory, options.quick ? 100 : 500)}`);
    } finally {
      await memory.stop();
    }
  }
  if (wanted("rules")) {
    const { few, many } = measureRules();
    console.log(
      `\nPolicy: 5 rules ${few.toFixed(2)} µs a decision, 1,000 rules of which 5 apply ${many.toFixed(2)} µs: ${times(many / few)}`,
    );
  }
  console.log(`Took ${((performance.now() - startMs) / 1_000).toFixed(0)} s; load now ${loadavg()[0]!.toFixed(1)}.`);
} finally {
  generator.stop();
  await Promise.all([baseline.stop(), governedTarget.stop()]);
}
