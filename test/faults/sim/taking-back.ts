/** People who take back what was done: reversals by request, undos that failed, and what was done to a record meanwhile. */
import * as reversing from "../../../executors/reversing.ts";
import { parseTaskId, toBase32 } from "../../../shared/ids.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Reversal } from "../../../shared/reversal.ts";
import type { TaskView } from "../../../shared/views.ts";
import { sign } from "../../support/manager.ts";
import { proposalKeys, REGION, TENANT } from "./keys.ts";
import type { Workload } from "./workload.ts";

/** Somebody outside changes an account's record without moving money, and says so in the book of transfers. */
export function touch({ system }: Workload, account: string): void {
  system.run.note(`somebody touches ${account}`);
  system.run.used("record touched");
  system.business.all("UPDATE sim_accounts SET version = version + 1 WHERE id = ?", [account]);
  system.business.all(
    "INSERT INTO sim_transfers (tenant, action, task, step, src, dst, amount) VALUES (?, 'outside', '', '', ?, ?, 0)",
    [TENANT, account, account],
  );
}

type Undone = Reversal["undone"];

/** Asks that a step be taken back, the same request up to three times. Null where nobody answered. */
export async function reverse(
  workload: Workload,
  task: string,
  step: string,
  undone: Undone = [],
): Promise<TaskView | null> {
  const { system } = workload;
  const { random } = system.run;
  const { shard } = parseTaskId(task)!;
  const view = await workload.see(task);
  const action = view?.steps.find(({ id }) => id === step)?.action;
  if (action === undefined) return null;
  const payload: Reversal = {
    version: 1,
    id: `rvs_${toBase32(random.bytes(16))}`,
    tenant: TENANT,
    region: REGION,
    task,
    step,
    action: random.chance(0.03) ? `${action}x` : action,
    undone,
    by: { key: "key_app", role: "app", member: "cy" },
    reason: "not wanted",
    atMs: workload.nowMs - 1_000,
    expiresMs: workload.nowMs + 8 * 60_000,
  };
  const envelope = await sign(proposalKeys[system.proposalKey]!, PAYLOAD_TYPES.reversal, payload);
  let last: TaskView | null = null;
  for (let times = random.chance(0.25) ? 2 : 1; times > 0; times--) {
    const answer = await workload.asked("app", "reverse", shard, (object) =>
      reversing.reverse(object, task, step, envelope, random.pick([0, 5_000])),
    );
    if (answer === null) continue;
    system.run.used(answer.ok ? "reversal begun" : `reversal refused: ${answer.problem.code}`);
    if (!answer.ok) continue;
    last = answer.value;
    workload.told(last);
  }
  return last;
}

/** The receipts that show that a step was applied and taken back, for the reversal of what stands below it. */
export function pairOf(view: TaskView, step: string): Undone {
  const did = view.steps.find(({ id }) => id === step);
  const undid = view.steps.find(({ undoes, status }) => undoes?.step === step && status === "applied");
  const pair = { action: did?.receipt ?? null, undo: undid?.receipt ?? null };
  return pair.action === null || pair.undo === null ? [] : [{ action: pair.action, undo: pair.undo }];
}
