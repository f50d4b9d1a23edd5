/**
 * Actions straight through the D1 adapter, without tasks around them: what one database takes when concurrent actions share its batches,
 * and when each has batches of its own. One request measures one of the two, inside the runtime.
 */
import { registry } from "../../../executors/capabilities/index.ts";
import { workersPlatform } from "../../../executors/platform.ts";

const address = {
  address1: "1 First Street",
  address2: "",
  city: "Delft",
  state: "ZH",
  country: "Netherlands",
  zip: "2611",
};
let action = 0;

export default {
  async fetch(request, { DB, TENANT }) {
    const { searchParams: query } = new URL(request.url);
    const clients = Number(query.get("clients"));
    const actions = Number(query.get("actions"));
    const capability = registry({
      databaseOf: () => DB,
      newNonce: () => crypto.randomUUID(),
      setTimer: workersPlatform.setTimer,
      sharesBatches: query.get("shared") === "true",
    }).get("customers.modify_address");
    let left = actions;
    const startMs = Date.now();
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const args = { customerId: `bench_customer_${1_000 + client}`, address };
        while (left-- > 0) await act(capability, args, TENANT);
      }),
    );
    return Response.json({ perSecond: (actions * 1_000) / (Date.now() - startMs) });
  },
};

/** Reads its record, decides what to change, changes it: each action relies on the version that it read. */
async function act(capability, args, tenant) {
  const context = {
    tenant,
    region: "eu",
    task: "tsk_bench",
    step: "step",
    capability: "customers.modify_address",
    action: `act_${crypto.randomUUID()}_${action++}`,
    attempt: 1,
    effectKey: null,
    attestations: [],
    premises: [],
    resumed: false,
    traceparent: null,
    deadlineMs: Date.now() + 60_000,
    nowMs: Date.now(),
  };
  const prepared = await capability.prepare(args, context);
  if (!prepared.ok) throw new Error(prepared.problem.detail);
  const outcome = await capability.apply(args, prepared.value, context);
  if (outcome.kind !== "applied" || outcome.replayed) throw new Error(JSON.stringify(outcome));
}
