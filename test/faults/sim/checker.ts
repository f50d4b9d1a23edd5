/**
 * What must hold after any run. Shares no code with the product: it reads rows and texts, parses and hashes them itself, and knows the
 * protocol only as it is written down.
 *
 *  chain      positions without a gap, each record names the hash of the one before
 *  ledger     every record once, in order, as the executor has it; statements over true heads; the tree over exactly these entries
 *  effects    at most one for each key; exactly one where the record says applied; none where it says denied, rejected, expired, refused,
 *             skipped; each under a claim
 *  authority  no effect without the approvals that its amount needs, given in time, each used once; none after a stop
 *  answers    what somebody was told stays true
 *  money      nothing appears, nothing is lost, no more leaves an account than its limit allows
 *  end        each task ends, once, or visibly waits
 */
import { createHash, hash as hashOf } from "node:crypto";
import type { Evidence } from "./evidence.ts";
import { ACCOUNTS, MOST_OUT, OPENING_BALANCE } from "./business.ts";

export type Finding = { readonly rule: string; readonly what: string };

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Event = { readonly type: string; readonly [name: string]: Json };
type Record = {
  readonly seq: number;
  readonly prev: string;
  readonly atMs: number;
  readonly task: string | null;
  readonly executor: string;
  readonly events: readonly Event[];
};
type PlannedStep = { readonly id: string; readonly capability: string; readonly args: { [name: string]: Json } };
type StepFacts = {
  readonly planned: PlannedStep;
  phase: string;
  claims: number;
  action: string | null;
  approvals: Set<string>;
  reviewExpiresMs: number | null;
  applied: number;
  doubts: number;
};
type TaskFacts = {
  readonly id: string;
  readonly steps: Map<string, StepFacts>;
  settled: string[];
  afterSettled: number;
  awaitsPlan: boolean;
};

const sha256 = (data: string): string => hashOf("sha256", data, "hex");
const payloadOf = (envelope: Json): { [name: string]: Json } =>
  JSON.parse(Buffer.from((envelope as { payload: string }).payload, "base64").toString("utf8"));

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(",")}}`;
}

export function check(evidence: Evidence): Finding[] {
  const found: Finding[] = [];
  const report = (rule: string, what: string) => void found.push({ rule, what });
  const recordsByExecutor = new Map<string, Record[]>();
  for (const { executor, journal } of evidence.shards)
    recordsByExecutor.set(executor, checkChain(executor, journal, report));
  checkLedger(evidence, recordsByExecutor, report);
  const tasks = new Map<string, TaskFacts>();
  const usedAttestations = new Set<string>();
  const automationOf = new Map<string, string>();
  for (const records of recordsByExecutor.values()) fold(records, tasks, automationOf, usedAttestations, report);
  checkEffects(evidence, tasks, report);
  checkAnswers(evidence, tasks, recordsByExecutor, report);
  checkMoney(evidence, automationOf, report);
  for (const task of tasks.values()) checkEnd(task, report);
  return found;
}

type Report = (rule: string, what: string) => void;
const isRewound = (evidence: Evidence, task: string): boolean =>
  evidence.shards.some(({ executor, isRewound }) => isRewound && executor.endsWith(`/${task.split("_")[2]}`));

function checkChain(executor: string, rows: Evidence["shards"][number]["journal"], report: Report): Record[] {
  const records: Record[] = [];
  let prev = "0".repeat(64);
  for (const [i, { seq, hash, body }] of rows.entries()) {
    const record = JSON.parse(body) as Record;
    if (seq !== i + 1 || record.seq !== seq) report("chain", `${executor}: position ${seq} stands at ${i + 1}`);
    if (record.prev !== prev) report("chain", `${executor}: record ${seq} does not follow`);
    if (sha256(body) !== hash || canonical(record as unknown as Json) !== body)
      report("chain", `${executor}: record ${seq} is not what its hash says`);
    prev = hash;
    records.push(record);
  }
  return records;
}

function checkLedger(evidence: Evidence, chains: ReadonlyMap<string, Record[]>, report: Report): void {
  const hashesByExecutor = new Map<string, Map<number, string>>();
  const of = (executor: string) => {
    let hashes = hashesByExecutor.get(executor);
    if (hashes === undefined) hashesByExecutor.set(executor, (hashes = new Map()));
    return hashes;
  };
  let ended = 0;
  for (const [i, { idx, body }] of evidence.entries.entries()) {
    if (idx !== i) report("ledger", `entry ${idx} stands at ${i}`);
    const entry = JSON.parse(body) as { source: string; data: { records?: Record[]; statement?: Json } };
    const executor = entry.source.replace("/executors/", "");
    const hashes = of(executor);
    for (const record of entry.data.records ?? []) {
      if (hashes.has(record.seq)) report("ledger", `${executor}: record ${record.seq} twice`);
      hashes.set(record.seq, sha256(canonical(record as unknown as Json)));
    }
    if (entry.data.statement === undefined) continue;
    ended = i + 1;
    const { seq, head } = payloadOf(entry.data.statement) as { seq: number; head: string };
    if (hashes.size !== seq) report("ledger", `${executor}: ${hashes.size} records before the statement over ${seq}`);
    if (hashes.get(seq) !== head) report("ledger", `${executor}: the statement over ${seq} names another head`);
  }
  if (ended !== evidence.entries.length) report("ledger", "the last delivery has no statement");
  for (const { executor, isRewound, isAlarmed } of evidence.shards) {
    const chain = chains.get(executor)!;
    const hashes = of(executor);
    const differs = chain.filter(
      (record) => hashes.has(record.seq) && hashes.get(record.seq) !== sha256(canonical(record as unknown as Json)),
    );
    if (isRewound) {
      // A chain that went back and was written on shows as an alarm: the ledger has other records in these positions.
      if (differs.length > 0 && !isAlarmed)
        report("ledger", `${executor}: went back behind the ledger, and no alarm says so`);
      continue;
    }
    if (isAlarmed) report("ledger", `${executor}: an alarm without a cause`);
    if (differs.length > 0) report("ledger", `${executor}: record ${differs[0]!.seq} is another one`);
    if (hashes.size !== chain.length) report("ledger", `${executor}: ${hashes.size} of ${chain.length} records`);
  }
  const { head, entries } = evidence;
  if (head === null) {
    if (entries.length > 0) report("ledger", "entries without a head");
    return;
  }
  if (head.size !== entries.length) report("ledger", `the head covers ${head.size} of ${entries.length} entries`);
  const root = treeHash(entries.map(({ body }) => leaf(body)));
  if (root.toString("base64") !== head.root) report("ledger", "the head's root is not that of the entries");
}

/** RFC 6962, 2.1. */
const leaf = (body: string): Buffer =>
  createHash("sha256")
    .update(Buffer.from([0]))
    .update(body, "utf8")
    .digest();
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash("sha256").digest();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return createHash("sha256")
    .update(Buffer.from([1]))
    .update(treeHash(leaves.slice(0, k)))
    .update(treeHash(leaves.slice(k)))
    .digest();
}

/** Follows the records of one executor as the protocol describes them. */
function fold(
  records: readonly Record[],
  tasks: Map<string, TaskFacts>,
  automationOf: Map<string, string>,
  used: Set<string>,
  report: Report,
): void {
  const stopped = new Map<string, string>();
  for (const { task: id, atMs, events } of records)
    for (const event of events) {
      if (id === null) {
        if (event.type === "stop-set") stopped.set(`${event["kind"]}:${event["target"]}`, event["stop"] as string);
        if (event.type === "stop-lifted") stopped.delete(`${event["kind"]}:${event["target"]}`);
        continue;
      }
      if (event.type === "task-opened") {
        if (tasks.has(id)) report("end", `${id} opened twice`);
        automationOf.set(id, event["automation"] as string);
        tasks.set(id, { id, steps: new Map(), settled: [], afterSettled: 0, awaitsPlan: true });
        continue;
      }
      const task = tasks.get(id);
      if (task === undefined) {
        report("end", `${id} was never opened`);
        continue;
      }
      if (task.settled.length > 0) task.afterSettled++;
      if (event.type === "task-settled") {
        task.settled.push(event["status"] as string);
        continue;
      }
      if (event.type === "plan-admitted") {
        const plan = payloadOf(event["envelope"]!) as unknown as {
          steps: PlannedStep[];
          last: boolean;
          expiresMs: number;
          task: string;
        };
        if (plan.task !== id) report("authority", `${id} took the plan of ${plan.task}`);
        // Looked at before the round that records it, which may have waited for a slow write.
        if (plan.expiresMs + 60_000 < atMs) report("authority", `${id} took a plan after its time`);
        if (plan.last) task.awaitsPlan = false;
        for (const planned of plan.steps)
          task.steps.set(planned.id, {
            planned,
            phase: "proposed",
            claims: 0,
            action: null,
            approvals: new Set(),
            reviewExpiresMs: null,
            applied: 0,
            doubts: 0,
          });
        continue;
      }
      const step = task.steps.get(event["step"] as string);
      if (step === undefined) continue;
      const name = `${id} ${step.planned.id}`;
      switch (event.type) {
        case "review-requested":
          step.phase = "waits";
          step.reviewExpiresMs = event["expiresMs"] as number;
          break;
        case "attested": {
          const attestation = event["attestation"] as string;
          if (used.has(attestation)) report("authority", `${name}: ${attestation} used twice`);
          used.add(attestation);
          if (step.reviewExpiresMs === null || atMs >= step.reviewExpiresMs)
            report("authority", `${name}: decided after the review's time`);
          const { decision, review, task: of } = payloadOf(event["envelope"]!);
          if (decision !== event["decision"] || review !== event["review"] || of !== id)
            report("authority", `${name}: the signature says something else`);
          if (decision === "approve") step.approvals.add(event["member"] as string);
          break;
        }
        case "review-approved":
          step.phase = "approved";
          break;
        case "review-rejected":
          step.phase = "rejected";
          break;
        case "review-expired":
        case "step-expired":
          step.phase = "expired";
          break;
        case "step-claimed": {
          step.claims++;
          step.action = event["action"] as string;
          step.phase = "claimed";
          checkAuthority(name, step, report);
          const around = ["tenant:sim", `automation:${automationOf.get(id)}`, `capability:${step.planned.capability}`];
          if (around.some((target) => stopped.has(target))) report("authority", `${name}: claimed under a stop`);
          break;
        }
        case "step-applied":
          step.applied++;
          step.action = event["action"] as string;
          if (step.planned.capability !== "journal.note" && step.claims === 0)
            report("effects", `${name}: applied without a claim`);
          step.phase = "applied";
          break;
        case "step-held":
          step.phase = "held";
          break;
        case "step-refused":
          step.phase = event["retryAtMs"] === null ? "failed" : "retrying";
          break;
        case "step-denied":
          step.phase = "denied";
          break;
        case "step-failed":
          step.phase = "failed";
          break;
        case "step-in-doubt":
          step.phase = "in-doubt";
          step.doubts++;
          break;
        case "step-skipped":
          step.phase = "skipped";
          break;
        default:
      }
    }
}

/** The release's rules in words of the checker's own: up to 100 freely, up to 700 with one approval, up to 1000 with two, beyond never. */
function checkAuthority(name: string, { planned, approvals }: StepFacts, report: Report): void {
  const cents = planned.args["cents"];
  if (typeof cents !== "number") return;
  if (cents > 1_000) report("authority", `${name}: ${cents} cents are never allowed`);
  const needed = cents <= 100 ? 0 : cents <= 700 ? 1 : 2;
  if (approvals.size < needed) report("authority", `${name}: ${approvals.size} of ${needed} approvals`);
  if (needed > 0 && approvals.has("cy")) report("authority", `${name}: approved by who asked`);
}

function checkEffects(evidence: Evidence, tasks: ReadonlyMap<string, TaskFacts>, report: Report): void {
  const countByStep = new Map<string, number>();
  for (const { task, step } of [...evidence.transfers, ...evidence.calls]) {
    const key = `${task} ${step}`;
    countByStep.set(key, (countByStep.get(key) ?? 0) + 1);
  }
  for (const [key, count] of countByStep) {
    const [task, step] = key.split(" ") as [string, string];
    // A storage that went back does not know of its claim, and this callee knows no keys: nobody could have known.
    const isBlind =
      isRewound(evidence, task) && evidence.calls.some((c) => !c.keyed && c.task === task && c.step === step);
    if (isBlind) continue;
    if (count > 1) report("effects", `${key} happened ${count} times`);
    const facts = tasks.get(task)?.steps.get(step);
    if (isRewound(evidence, task)) continue;
    if (facts === undefined || facts.claims === 0) report("effects", `${key} happened without a claim`);
    else if (!["applied", "claimed", "in-doubt", "retrying"].includes(facts.phase))
      report("effects", `${key} happened, and the record says ${facts.phase}`);
  }
  const keys = evidence.effects.filter(({ status, effect_key }) => status === "applied" && effect_key !== null);
  if (new Set(keys.map(({ effect_key }) => effect_key)).size !== keys.length)
    report("effects", "a domain key has two effects");
  for (const task of tasks.values())
    for (const [id, { planned, phase, applied }] of task.steps) {
      const count = countByStep.get(`${task.id} ${id}`) ?? 0;
      if (applied > 1) report("effects", `${task.id} ${id} recorded ${applied} times`);
      const isBlind = planned.capability === "callee.plain" && isRewound(evidence, task.id) && count > 0;
      if (phase === "applied" && planned.capability !== "journal.note" && count !== 1 && !isBlind)
        report("effects", `${task.id} ${id} is recorded as applied and happened ${count} times`);
    }
}

const FINAL = new Set(["applied", "failed", "denied", "skipped", "expired", "reversed", "compensated"]);

function checkAnswers(
  evidence: Evidence,
  tasks: ReadonlyMap<string, TaskFacts>,
  chains: ReadonlyMap<string, Record[]>,
  report: Report,
): void {
  for (const answer of evidence.answers) {
    if (isRewound(evidence, answer.task)) continue;
    const task = tasks.get(answer.task);
    if (task === undefined) {
      report("answers", `${answer.task} was accepted and is not there`);
      continue;
    }
    if (["succeeded", "failed", "cancelled", "expired"].includes(answer.status) && task.settled[0] !== answer.status)
      report("answers", `${answer.task} was ${answer.status}, and is ${task.settled[0] ?? "open"}`);
    for (const { id, status } of answer.steps) {
      const phase = task.steps.get(id)?.phase ?? "absent";
      const now = phase === "rejected" ? "denied" : phase;
      if (FINAL.has(status) && now !== status) report("answers", `${answer.task} ${id} was ${status}, and is ${phase}`);
    }
  }
  for (const confirmed of evidence.stops) {
    const [shard, stop] = confirmed.split(" ");
    const { executor, isRewound } = evidence.shards[Number(shard)]!;
    const known = chains
      .get(executor)!
      .some(({ events }) => events.some((event) => event.type === "stop-set" && event["stop"] === stop));
    const other = chains.get(executor)!.some(({ events }) => events.some((event) => event.type === "stop-set"));
    if (!known && !other && !isRewound) report("answers", `the stop ${stop} was confirmed and is not recorded`);
  }
}

function checkMoney(
  { accounts, transfers, effects }: Evidence,
  automationOf: ReadonlyMap<string, string>,
  report: Report,
): void {
  const limited = new Set(
    effects.filter(({ capability }) => capability === "money.transfer").map(({ action }) => action),
  );
  // Each automation has its own limits.
  const out = new Map<string, number>();
  for (const { action, task, src, amount } of transfers) {
    const group = `${automationOf.get(task)} ${src}`;
    if (limited.has(action)) out.set(group, (out.get(group) ?? 0) + amount);
  }
  for (const [group, sum] of out)
    if (sum > MOST_OUT && !group.startsWith("undefined")) report("money", `${sum} left ${group}, and ${MOST_OUT} may`);
  const expected = new Map<string, number>(ACCOUNTS.map((id) => [id, OPENING_BALANCE]));
  for (const { src, dst, amount } of transfers) {
    expected.set(src, expected.get(src)! - amount);
    expected.set(dst, expected.get(dst)! + amount);
  }
  for (const { id, balance } of accounts)
    if (expected.get(id) !== balance) report("money", `${id} has ${balance}, expected ${expected.get(id)}`);
  if (accounts.reduce((sum, { balance }) => sum + balance, 0) !== OPENING_BALANCE * ACCOUNTS.length)
    report("money", "the sum of all balances has changed");
}

function checkEnd({ id, steps, settled, afterSettled }: TaskFacts, report: Report): void {
  if (settled.length > 1) report("end", `${id} ended ${settled.length} times`);
  if (afterSettled > 0) report("end", `${id}: ${afterSettled} events after its end`);
  // Only doubt outlives a task's deadline: it waits for an answer, or for a person, and says so.
  const doubtful = [...steps.values()].some(({ phase }) => phase === "in-doubt");
  if (settled.length === 0 && !doubtful)
    report(
      "end",
      `${id} is still open: ${[...steps.values()].map((step) => `${step.planned.id} ${step.phase}`).join(", ")}`,
    );
}
