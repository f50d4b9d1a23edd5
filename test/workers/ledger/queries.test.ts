import { beforeAll, expect, it } from "vitest";
import { fromBase64, utf8 } from "../../../shared/bytes.ts";
import { openCheckpoint } from "../../../shared/tlog/checkpoint.ts";
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from "../../../shared/tlog/tree.ts";
import { testTask } from "../../support/chain.ts";
import { chainOf, checkLog, expectRefused, ledger, newTenant, valueOf, verifierOf } from "./world.ts";

const tenant = newTenant();
const tasks: string[] = [];
let bodies: readonly string[];

/** 300 entries in three batches: more than one tile, and a task that comes up in each of them. */
beforeAll(async () => {
  const chain = chainOf(`${tenant}/eu/0`);
  for (let batch = 0; batch < 3; batch++) {
    chain.write(testTask(chain.executor, 0), [{ type: "cancel-requested", by: "test" }]);
    for (let i = 1; i < 99; i++) {
      tasks.push(testTask(chain.executor, 100 * batch + i));
      chain.write(tasks.at(-1)!, [{ type: "cancel-requested", by: "test" }]);
    }
    valueOf(await ledger.append(await chain.deliver()));
  }
  ({ bodies } = await checkLog(tenant));
  expect(bodies.length).toBe(300);
});

const bytesOf = (hashes: readonly string[]) => hashes.map((hash) => fromBase64(hash)!);
const leaves = () => bodies.map((body) => leafHash(utf8(body)));

it("an entry is proved under the newest checkpoint, and under an older one that the ledger signed", async () => {
  for (const [index, size] of [
    [0, undefined],
    [255, undefined],
    [256, undefined],
    [299, undefined],
    [42, 100],
    [199, 200],
  ] as const) {
    const answer = valueOf(await ledger.inclusion({ tenant, index, ...(size === undefined ? {} : { size }) }));
    const checkpoint = valueOf(await openCheckpoint(answer.checkpoint, verifierOf(tenant)));
    expect(checkpoint.size).toBe(size ?? 300);
    valueOf(
      verifyInclusion({
        leafHash: leafHash(utf8(bodies[index]!)),
        index,
        size: answer.size,
        proof: bytesOf(answer.proof),
        root: checkpoint.root,
      }),
    );
  }
  expectRefused(await ledger.inclusion({ tenant, index: 300 }), "not-found");
  expectRefused(await ledger.inclusion({ tenant, index: 1, size: 150 }), "not-found");
});

it("the entries of a task come with the times at which they were written", async () => {
  const task = testTask(`${tenant}/eu/0`, 0);
  const { entries, more } = valueOf(await ledger.recorded({ tenant, task }));
  expect([entries.map(({ index }) => index), more]).toEqual([[0, 100, 200], false]);
  for (const { index, body, recordedMs } of entries) {
    expect(body).toBe(bodies[index]);
    expect(Math.abs(Date.now() - recordedMs!)).toBeLessThan(60_000);
  }
  expect(entries.map(({ recordedMs }) => recordedMs)).toEqual(entries.map(({ recordedMs }) => recordedMs).toSorted());
  expect(valueOf(await ledger.recorded({ tenant, task: testTask(`${tenant}/us/0`, 1) })).entries).toEqual([]);
});

it("any two sizes are proved to be of one growing log", async () => {
  for (const [from, to] of [
    [1, 300],
    [100, 256],
    [255, 257],
    [300, 300],
    [7, 8],
  ] as const) {
    const { proof } = valueOf(await ledger.consistency({ tenant, from, to }));
    const oldRoot = rootOf(leaves().slice(0, from));
    const newRoot = rootOf(leaves().slice(0, to));
    valueOf(verifyConsistency({ oldSize: from, oldRoot, newSize: to, newRoot, proof: bytesOf(proof) }));
  }
  expectRefused(await ledger.consistency({ tenant, from: 2, to: 301 }), "not-found");
  expectRefused(await ledger.consistency({ tenant, from: 3, to: 2 }), "invalid-request");
});

it("entries come in pages, and those of one task alone", async () => {
  const page = valueOf(await ledger.entries({ tenant, from: 290, limit: 7 }));
  expect([page.entries.map(({ index }) => index), page.next]).toEqual([[290, 291, 292, 293, 294, 295, 296], 297]);
  expect(valueOf(await ledger.entries({ tenant, from: 297, limit: 7 })).next).toBe(null);
  expect(valueOf(await ledger.entries({ tenant, from: 300, limit: 7 }))).toEqual({ entries: [], next: null });
  const task = testTask(`${tenant}/eu/0`, 0);
  const first = valueOf(await ledger.entries({ tenant, from: 0, limit: 2, task }));
  expect([first.entries.map(({ index }) => index), first.next]).toEqual([[0, 100], 200]);
  expect(valueOf(await ledger.entries({ tenant, from: 200, limit: 2, task })).next).toBe(null);
});

it("a tile has one path, and a tile that the log does not have is not found", async () => {
  expect(valueOf(await ledger.tile(tenant, "tile/0/000")).length).toBe(256 * 32);
  expect(valueOf(await ledger.tile(tenant, "tile/0/001.p/5")).length).toBe(5 * 32);
  expect(valueOf(await ledger.tile(tenant, "tile/1/000.p/1")).length).toBe(32);
  for (const path of [
    "tile/0/0",
    "tile/0/000.p/256",
    "tile/0/000.p/0",
    "tile/00/000",
    "../tile/0/000",
    "tile/0/000/",
    "",
  ])
    expectRefused(await ledger.tile(tenant, path), "tile-malformed");
  for (const path of [
    "tile/0/001",
    "tile/0/001.p/45",
    "tile/1/000.p/2",
    "tile/2/000.p/1",
    "tile/entries/001",
    "tile/63/000",
  ])
    expectRefused(await ledger.tile(tenant, path), "not-found");
});

it("an unknown tenant and a tenant's empty log are told apart, and no query names two tenants", async () => {
  for (const stranger of ["nobody", "constructor"]) {
    expectRefused(await ledger.checkpoint(stranger), "not-found");
    expectRefused(await ledger.health(stranger), "not-found");
    expectRefused(await ledger.entries({ tenant: stranger, from: 0, limit: 1 }), "not-found");
    expectRefused(await ledger.tile(stranger, "tile/0/000"), "not-found");
  }
  expectRefused(await ledger.checkpoint("../t1"), "invalid-request");
  expectRefused(await ledger.entries({ tenant, from: -1, limit: 1 }), "invalid-request");
  expectRefused(await ledger.entries({ tenant, from: 0, limit: 501 }), "invalid-request");
  const empty = newTenant();
  expect(valueOf(await ledger.entries({ tenant: empty, from: 0, limit: 1 })).entries).toEqual([]);
  expect(valueOf(await ledger.health(empty))).toMatchObject({ size: 0, executors: [] });
});
