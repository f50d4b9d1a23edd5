import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { evidencePart } from "../../../ledger/queries/evidence.ts";
import { readTiles } from "../../../ledger/outside/log-store.ts";
import { readHead } from "../../../ledger/store.ts";
import { fromBase64, utf8 } from "../../../shared/bytes.ts";
import {
  selectEntries,
  verifyEvidence,
  type Bounds,
  type LogPart,
  type Scope,
} from "../../../shared/evidence/index.ts";
import type { ExecutorEvent } from "../../../shared/events.ts";
import type { Result } from "../../../shared/result.ts";
import { leafHash, verifyInclusion } from "../../../shared/tlog/tree.ts";
import { Trust } from "../../../shared/trust.ts";
import { verifierTrust } from "../../../shared/verify/index.ts";
import { opened, testTask, wholeTask, type TestChain } from "../../support/chain.ts";
import { testKeys } from "../keys.ts";
import { archive, keeping, kept } from "./outside-world.ts";
import { chainOf, checkLog, expectRefused, followed, ledger, newTenant, valueOf } from "./world.ts";

const consent = (n: number): ExecutorEvent => ({
  type: "consent-recorded",
  key: `sbk_${"a".repeat(26)}`,
  purpose: `service-${n}`,
  given: false,
  evidence: null,
  by: "key_a",
});

/** Two executors whose deliveries lie between each other; each says something that lasts, long before the end. One task is open. */
async function busyLog(): Promise<{ tenant: string; tasks: string[]; open: string }> {
  const tenant = newTenant();
  const chains = [chainOf(`${tenant}/eu/0`), chainOf(`${tenant}/us/1`)] as [TestChain, TestChain];
  const tasks: string[] = [];
  const open = testTask(chains[0].executor, 99);
  for (let round = 0; round < 5; round++)
    for (const chain of chains) {
      if (round < 2) chain.write(null, [consent(round)]);
      if (round === 3 && chain === chains[0]) chain.write(open, [opened(chain.executor)]);
      const [first, second] = [testTask(chain.executor, 2 * round), testTask(chain.executor, 2 * round + 1)];
      tasks.push(first, second);
      chain.writeTask(first);
      // A task over two deliveries.
      const [begin, ...rest] = wholeTask(chain.executor);
      chain.write(second, begin!);
      valueOf(await ledger.append(await chain.deliver()));
      for (const events of rest) chain.write(second, events);
      valueOf(await ledger.append(await chain.deliver()));
    }
  await followed(tenant);
  return { tenant, tasks, open };
}

const BOUNDS: Bounds = { entries: 500, chars: 4_000_000, wholeChain: 500 };

async function partOf(tenant: string, scope: Scope, bounds: Bounds): Promise<Result<LogPart>> {
  const store = { db: env.LEDGER_DB, archive };
  const head = (await readHead(env.LEDGER_DB, tenant))!;
  return evidencePart(store, tenant, head, scope, async (tiles) => (await readTiles(store, tenant, tiles)).get, bounds);
}

/** Holds the part against what is chosen out of the whole log, and its proofs against the root. */
async function checkPart(tenant: string, bodies: readonly string[], scope: Scope, bounds: Bounds): Promise<number[]> {
  const part = valueOf(await partOf(tenant, scope, bounds));
  const chosen = valueOf(
    await selectEntries(
      bodies.map((body, index) => ({ index, body })),
      scope,
      bounds,
    ),
  );
  const { size, root } = (await readHead(env.LEDGER_DB, tenant))!;
  for (const [i, { index, body }] of part.entries.entries())
    valueOf(
      verifyInclusion({
        leafHash: leafHash(utf8(body)),
        index,
        size,
        root: fromBase64(root)!,
        proof: part.proofs.inclusion[i]!.map((hash) => fromBase64(hash)!),
      }),
    );
  for (const entry of chosen) expect(part.entries).toContainEqual(entry);
  return part.entries.map(({ index }) => index).filter((index) => !chosen.some((one) => one.index === index));
}

describe("evidence out of the database", () => {
  let world: Awaited<ReturnType<typeof busyLog>>;
  beforeAll(async () => {
    world = await busyLog();
  });
  const period = { kind: "period", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER } as const;
  const of = (task: string) => ({ kind: "task", task }) as const;

  it("is what is chosen out of the whole log, of a task and of a period, with proofs towards its checkpoint", async () => {
    const { tenant, tasks, open } = world;
    const { bodies } = await checkLog(tenant);
    for (const scope of [...[tasks[0]!, tasks[6]!, tasks.at(-1)!, open].map(of), period])
      expect(await checkPart(tenant, bodies, scope, BOUNDS)).toEqual([]);
    // Of a long chain only what lasts is taken from before, and beside it statements at most.
    const short = { ...BOUNDS, wholeChain: 6 };
    const trust = verifierTrust(Trust.parse(testKeys.trust), tenant)!;
    const part = valueOf(await partOf(tenant, of(tasks.at(-1)!), short));
    const about = { version: 1, tenant, scope: of(tasks.at(-1)!), madeAtMs: 0 } as const;
    const { checks } = await verifyEvidence({ about, ...part }, trust);
    const held = ["checkpoint", "inclusion", "chains", "statements", "complete"];
    expect(checks.filter(({ check }) => held.includes(check)).map(({ status }) => status)).toEqual(
      held.map(() => "ok"),
    );
    const more = await checkPart(tenant, bodies, of(tasks.at(-1)!), short);
    expect(more.filter((index) => !bodies[index]!.includes("executor.statement.v1"))).toEqual([]);
  });

  it("is refused where there is nothing, or too much, of what was asked for", async () => {
    const { tenant, tasks } = world;
    expectRefused(await ledger.evidence(tenant, of(testTask(`${tenant}/eu/0`, 77))), "not-found");
    expectRefused(await ledger.evidence(tenant, { kind: "period", fromMs: 0, toMs: 1 }), "not-found");
    expectRefused(await partOf(tenant, period, { ...BOUNDS, entries: 30 }), "entry-too-large");
    expectRefused(await partOf(tenant, period, { ...BOUNDS, chars: 10_000 }), "entry-too-large");
    expectRefused(await partOf(tenant, of(tasks[0]!), { ...BOUNDS, entries: 2 }), "entry-too-large");
  });

  it("is what it was after its entries went to the archive", async () => {
    const { tenant, tasks } = world;
    const before = valueOf(await ledger.evidence(tenant, of(tasks[3]!)));
    const filler = chainOf(`${tenant}/eu/3`);
    for (let i = 0; i < 260; i++) filler.write(testTask(filler.executor, i), [opened(filler.executor)]);
    valueOf(await ledger.append(await filler.deliver()));
    await followed(tenant);
    await keeping(tenant, { hotEntries: 0 });
    await kept(tenant);
    const after = valueOf(await ledger.evidence(tenant, of(tasks[3]!)));
    expect(after.entries).toEqual(before.entries);
    expect(after.checkpoint).not.toBe(before.checkpoint);
  });

  it("of a period holds every task while a read model has not begun", async () => {
    const tenant = newTenant();
    const chain = chainOf(`${tenant}/eu/0`);
    const task = testTask(chain.executor, 1);
    chain.write(task, [opened(chain.executor)]);
    valueOf(await ledger.append(await chain.deliver()));
    await followed(tenant);
    const whole = valueOf(await ledger.evidence(tenant, period));
    expect(whole.entries.some(({ body }) => body.includes(task))).toBe(true);
    for (const table of ["rm_runs", "rm_cursor"])
      await env.LEDGER_DB.prepare(
        `DELETE FROM ${table} WHERE tenant = ?${table === "rm_cursor" ? " AND name = 'runs'" : ""}`,
      )
        .bind(tenant)
        .run();
    expect(valueOf(await partOf(tenant, period, BOUNDS)).entries).toEqual(whole.entries);
  });
});
