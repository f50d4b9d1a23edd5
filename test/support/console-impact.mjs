/** What touched the records of the made-up world: an order that was cancelled, and what followed through its customer. */

const MINUTE = 60_000;

/** @param at milliseconds */
const touch = (view, step, at, fields) => ({
  task: view.id,
  step,
  action: `act_${step}_${at}`,
  at: new Date(at).toISOString(),
  capability: "orders.cancel",
  automation: view.automation,
  release: view.release,
  askedBy: view.principal.member ?? view.principal.key,
  countersignedBy: [],
  status: "applied",
  how: "changed",
  record: "order:#W4219",
  undoes: null,
  index: 3_104,
  ...fields,
});

export const impact = (world, url) => {
  const resource = url.searchParams.get("resource");
  const direction = url.searchParams.get("direction") ?? "back";
  const since = url.searchParams.get("since");
  const views = [...world.viewById.values()];
  const [cancelled, denied] = views;
  const doubtful = views.find(({ steps }) => steps[0]?.status === "in_doubt");
  const nowMs = Date.parse(cancelled.openedAt) + 7 * MINUTE;
  const empty = { resource, direction, touched: [], depended: [], since: null, records: [], cut: false, next: null };
  if (resource !== "order:#W4219") return { ...empty, asOf: 3_207 };
  const cursor = url.searchParams.get("cursor");
  if (direction === "back")
    return {
      ...empty,
      asOf: 3_207,
      next: cursor === null ? "older" : null,
      touched:
        cursor !== null
          ? [
              touch(denied, "create", nowMs - 40 * 24 * 60 * MINUTE, {
                capability: "orders.create",
                index: 12,
                status: "reversed",
              }),
            ]
          : [
              touch(cancelled, "cancel", nowMs - 6 * MINUTE, { countersignedBy: ["ada"] }),
              touch(cancelled, "get-order", nowMs - 7 * MINUTE, {
                capability: "orders.get",
                how: "read",
                index: 3_101,
              }),
              touch(denied, "move", nowMs - 90 * MINUTE, {
                capability: "addresses.change",
                how: "concerns",
                record: "customer:sofia_davis_2103",
                index: 2_870,
              }),
            ],
    };
  const depended = [
    { ...touch(cancelled, "cancel", nowMs - 6 * MINUTE, { countersignedBy: ["ada"] }), through: resource, depth: 1 },
    {
      ...touch(doubtful, "refund", nowMs - 5 * MINUTE, {
        capability: "payments.refund",
        record: "charge:ch_52100417",
        how: "concerns",
        status: "in_doubt",
        index: 3_150,
      }),
      through: "customer:sofia_davis_2103",
      depth: 2,
    },
  ];
  return {
    ...empty,
    asOf: 3_207,
    since: since ?? new Date(nowMs - 90 * MINUTE).toISOString(),
    records: ["customer:sofia_davis_2103", "charge:ch_52100417"],
    depended: since === null ? depended : depended.slice(1),
  };
};

/** Explained steps, out of a task's own. */
export const reasons = (view) =>
  view.steps.map((step) => ({
    id: step.id,
    round: step.round,
    capability: step.capability,
    status: step.status,
    after: step.after,
    args: step.args,
    provenance: step.provenance,
    decision: step.decision,
    because:
      step.review === null
        ? "Allowed; decided by reads."
        : "Needs a person; decided by large-cancellations. Asked for: 1 × orders-lead (large-cancellations).",
    review: step.review,
    attestations:
      step.review === null || step.appliedAt === null
        ? []
        : [
            {
              attestation: "att_1",
              decision: "approve",
              member: "ada",
              roles: ["approver", "orders-lead"],
              kid: "key",
              reason: "The customer called.",
              at: step.appliedAt,
            },
          ],
    result: step.result,
    tags: step.tags,
    outcome: step.outcome,
    premises: step.premises,
    appliedAt: step.appliedAt,
    replayed: false,
    problem: step.problem,
    receiptKid: null,
  }));
