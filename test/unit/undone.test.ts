/** Receipts of what was taken back in between: which of them a reversal may rely on. */
import { expect, it } from "vitest";
import { openUndone } from "../../executors/undone.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { Receipt } from "../../shared/receipt.ts";
import { newPrivateKey, publicPart } from "../../scripts/lib/keys.ts";
import { newTask, sign } from "../support/manager.ts";

const key = newPrivateKey();
const digest = `sha256:${"0".repeat(64)}`;
const base = {
  version: 1,
  tenant: "acme",
  proposal: "prp_1",
  capability: "orders.cancel",
  contract: digest,
  release: digest,
  delivery: "exactly-once",
  effectKey: null,
  attestations: [],
  result: "c",
  replayed: false,
  atMs: 1,
  seq: 1,
};

async function pairIn(region: string) {
  const task = newTask(region, 1).id;
  const order = (version: number) => ({ resource: "orders/1", version });
  const receipt = (step: string, action: string, from: number) =>
    sign(
      key,
      PAYLOAD_TYPES.receipt,
      Receipt.parse({
        ...base,
        executor: `acme/${region}/0`,
        task,
        step,
        action,
        premises: [{ ...order(from), class: "same-transaction" }],
        left: [order(from + 1)],
      }),
    );
  return { action: await receipt("a", "act_1", 1), undo: await receipt("a~undo", "act_1_u1", 2) };
}

it("are those of an action of the same tenant and region: elsewhere the same name is another record", async () => {
  const here = {
    tenant: "acme",
    region: "eu",
    config: { trust: { receiptKeys: [publicPart(key)] } },
    trusted: { revoked: new Set<string>() },
  };
  expect(await openUndone([await pairIn("eu")], here)).toEqual({
    ok: true,
    value: [{ resource: "orders/1", from: 1, to: 3 }],
  });
  expect(await openUndone([await pairIn("us")], here)).toMatchObject({ problem: { code: "audience-mismatch" } });
});
