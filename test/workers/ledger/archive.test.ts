import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { testTask } from "../../support/chain.ts";
import { archive, grow, keeping, kept, logOf, objects } from "./outside-world.ts";
import { checkLog, expectRefused, followed, ledger, sequencerOf, valueOf } from "./world.ts";

it("full bundles and tiles stand in the archive under their C2SP paths, as the log serves them", async () => {
  const { tenant } = await logOf(600);
  const state = await kept(tenant);
  expect(state.archive).toMatchObject({ entries: 512, waiting: 0, onlyThere: 0, failures: 0, lastError: null });
  expect(await objects(`${tenant}/tile/`)).toEqual([
    `${tenant}/tile/0/000`,
    `${tenant}/tile/0/001`,
    `${tenant}/tile/entries/000`,
    `${tenant}/tile/entries/001`,
  ]);
  for (const path of ["tile/0/001", "tile/entries/001"]) {
    const stored = await archive.get(`${tenant}/${path}`);
    expect(stored?.httpMetadata?.cacheControl).toContain("immutable");
    expect(new Uint8Array(await stored!.arrayBuffer())).toEqual(valueOf(await ledger.tile(tenant, path)));
  }
});

it("bodies that left the database are read from the archive by every reader, and the log verifies as before", async () => {
  const { tenant, chain } = await logOf(300);
  const task = testTask(chain.executor, 7);
  const before = await checkLog(tenant);
  await keeping(tenant, { hotEntries: 0 });
  expect((await kept(tenant)).archive.onlyThere).toBe(256);
  const left = await env.LEDGER_DB.prepare("SELECT sum(length(body)) AS n FROM entries WHERE tenant = ? AND idx < 256")
    .bind(tenant)
    .first("n");
  expect(left).toBe(0);

  expect((await checkLog(tenant)).bodies).toEqual(before.bodies);
  const ofTask = valueOf(await ledger.entries({ tenant, from: 0, limit: 10, task }));
  expect(ofTask.entries.map(({ body }) => JSON.parse(body).subject)).toEqual([task]);
  expect(valueOf(await ledger.inclusion({ tenant, index: 3 })).proof.length).toBeGreaterThan(0);
  // A late repeat is compared with what is recorded there.
  await grow(chain, 1);
  valueOf(await ledger.append(await chain.cut(1, 2)));
  const fork = chain.forkAt(1);
  fork.write(task, [{ type: "cancel-requested", by: "somebody else" }]);
  expectRefused(await ledger.append(await fork.cut(1, 2)), "chain-fork");
  // A read model is built again from both places.
  valueOf(await ledger.rebuild(tenant, "tasks"));
  await followed(tenant);
  expect(valueOf(await ledger.health(tenant)).projections.filter(({ lag }) => lag > 0)).toEqual([]);
});

it("a hash tile that the database does not hold is served from the archive", async () => {
  const { tenant } = await logOf(260);
  const before = valueOf(await ledger.tile(tenant, "tile/0/000"));
  await kept(tenant);
  await env.LEDGER_DB.prepare("DELETE FROM tiles WHERE tenant = ? AND level = 0 AND idx = 0").bind(tenant).run();
  expect(valueOf(await ledger.tile(tenant, "tile/0/000"))).toEqual(before);
  expect(valueOf(await ledger.inclusion({ tenant, index: 3 })).proof).toHaveLength(9);
});

it("an archive that was changed gives no answer, and never a false one", async () => {
  const { tenant } = await logOf(300);
  await keeping(tenant, { hotEntries: 0 });
  await kept(tenant);
  const name = `${tenant}/tile/entries/000`;
  const bytes = new Uint8Array(await (await archive.get(name))!.arrayBuffer());
  const flipped = bytes.slice();
  flipped[40]! ^= 1;
  await archive.put(name, flipped);
  expectRefused(await ledger.entries({ tenant, from: 0, limit: 1 }), "not-running");
  expect(valueOf(await ledger.entries({ tenant, from: 256, limit: 1 })).entries).toHaveLength(1);
  await archive.put(name, bytes);
  expect(valueOf(await ledger.entries({ tenant, from: 0, limit: 1 })).entries).toHaveLength(1);
});

it("nothing is written over: another object under a tile's name is an alarm, and the archive stands still", async () => {
  const { tenant, chain } = await logOf(300);
  await archive.put(`${tenant}/tile/entries/000`, "something else");
  const state = await kept(tenant);
  expect(state.alarms).toMatchObject([{ object: `${tenant}/tile/entries/000`, code: "checkpoint-inconsistent" }]);
  expect(state.archive.entries).toBe(0);
  await grow(chain, 300);
  expect((await kept(tenant)).archive.entries).toBe(0);
  expect(await (await archive.get(`${tenant}/tile/entries/000`))!.text()).toBe("something else");
});

it("a body that was changed in the database does not reach the archive", async () => {
  const { tenant } = await logOf(300);
  await env.LEDGER_DB.prepare("UPDATE entries SET body = body || ' ' WHERE tenant = ? AND idx = 5").bind(tenant).run();
  expect((await kept(tenant)).alarms).toMatchObject([{ code: "proof-invalid" }]);
  expect(await objects(`${tenant}/tile/`)).toEqual([]);
});

/** Puts an archive before a tenant's sequencer of which some methods are others. */
const withArchive = (tenant: string, methods: Readonly<Record<string, unknown>>, settings: object = {}) =>
  runInDurableObject(sequencerOf(tenant), (instance) => {
    const changed = new Proxy(archive, {
      get: (target, name) => {
        const own = methods[name as string] ?? (target as unknown as Record<string | symbol, unknown>)[name];
        return typeof own === "function" ? own.bind(target) : own;
      },
    });
    const LOG_KEEPING = JSON.stringify(settings);
    (instance as unknown as { env: object }).env = { ...env, LOG_KEEPING, LOG_ARCHIVE: changed };
  });

/** An epoch begins, as far as the archive is concerned. */
const beginEpoch = (tenant: string) =>
  env.LEDGER_DB.batch([
    env.LEDGER_DB.prepare(
      `INSERT INTO epochs (tenant, number, epoch, idx, old_size, new_size, at_ms, from_bundle)
       SELECT ?1, 1, 'e', 0, 300, 300, 0, coalesce((SELECT dropped FROM archive WHERE tenant = ?1), 0)`,
    ).bind(tenant),
    env.LEDGER_DB.prepare("UPDATE archive SET bundles = dropped WHERE tenant = ?").bind(tenant),
  ]);

it("a run that an epoch overtakes while it writes notes nothing down, and the next one writes under the new epoch's names", async () => {
  const { tenant, chain } = await logOf(300);
  let puts = 0;
  const put = async (...args: Parameters<typeof archive.put>) => {
    if (puts++ === 0) await beginEpoch(tenant);
    return archive.put(...args);
  };
  await withArchive(tenant, { put });
  expect((await kept(tenant)).archive).toMatchObject({ entries: 0, waiting: 256 });
  await withArchive(tenant, {});
  await grow(chain, 1);
  expect((await kept(tenant)).archive).toMatchObject({ entries: 256, waiting: 0 });
  expect(await objects(`${tenant}/epochs/1/tile/entries/`)).toHaveLength(1);
});

it("a run that an epoch overtakes takes no body out of the database that only the old names know", async () => {
  const { tenant, chain } = await logOf(300);
  await kept(tenant);
  await grow(chain, 1);
  let gets = 0;
  const get = async (name: string) => {
    if (name.includes("entries") && gets++ === 0) await beginEpoch(tenant);
    return archive.get(name);
  };
  await withArchive(tenant, { get }, { hotEntries: 0 });
  await kept(tenant);
  expect(gets).toBeGreaterThan(0);
  const empty = await env.LEDGER_DB.prepare("SELECT count(*) AS n FROM entries WHERE tenant = ? AND body = ''")
    .bind(tenant)
    .first("n");
  expect(empty).toBe(0);
});

it("an archive that does not answer is named, and the run after it goes on", async () => {
  const { tenant } = await logOf(300);
  await withArchive(tenant, { put: () => Promise.reject(new Error("no bucket")) });
  expect((await kept(tenant)).archive).toMatchObject({ entries: 0, waiting: 256, failures: 1, lastError: "no bucket" });
  await withArchive(tenant, {});
  expect((await kept(tenant)).archive).toMatchObject({ entries: 256, waiting: 0, failures: 0, lastError: null });
});
