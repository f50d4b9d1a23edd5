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
 *  undo       one for each action, the last change first, the same the other way round; inside its window; never over what others did since
 *  keys       at most one live holder of a domain key; free once its holder was taken back or has failed
 *  doubt      resolved once, by somebody who may, under a valid signature
 *  waits      ended once, rightly; what came before its wait counts
 *  people     nothing is done for whoever was erased or took their consent back
 *  end        each task ends, once, or visibly waits
 *  shown      people see every effect in doubt
 */
import { hash as hashOf } from "node:crypto";
import type { Evidence } from "./evidence.ts";
import { ACCOUNTS, MOST_OUT, OPENING_BALANCE } from "./business.ts";
import {
  changesNothing,
  isRewound,
  payloadOf,
  type Finding,
  type Json,
  type Record,
  type Report,
  type TaskFacts,
} from "./checker-facts.ts";
import { Follower } from "./checker-tasks.ts";
import { checkEvents, checkKeys, checkUndone } from "./checker-undo.ts";

export type { Finding } from "./checker-facts.ts";

const sha256 = (data: string): string => hashOf("sha256", data, "hex");
function canonical(value: Json): string {
  if (isOrdered(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(",")}}`;
}

/** Whether all names stand in canonical order already, as they do in what was read from a canonical text. */
function isOrdered(value: Json): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isOrdered);
  let before = "";
  for (const name of Object.keys(value)) {
    if (name < before || !isOrdered(value[name]!)) return false;
    before = name;
  }
  return true;
}

/** @param seen called for each feature that the records show in use */
export function check(evidence: Evidence, seen: (feature: string) => void = () => {}): Finding[] {
  const found: Finding[] = [];
  const report = (rule: string, what: string) => void found.push({ rule, what });
  const recordsByExecutor = new Map<string, Record[]>();
  for (const { executor, journal } of evidence.shards)
    recordsByExecutor.set(executor, checkChain(executor, journal, report));
  checkLedger(evidence, recordsByExecutor, report);
  const follower = new Follower(evidence, report, seen);
  for (const records of recordsByExecutor.values()) follower.follow(records);
  const { tasks, automationOf } = follower;
  checkEffects(evidence, tasks, report);
  checkAnswers(evidence, tasks, recordsByExecutor, report);
  checkMoney(evidence, automationOf, report);
  checkUndone(evidence, tasks, report);
  checkKeys(evidence, tasks, report);
  checkEvents(evidence, tasks, report);
  for (const task of tasks.values()) checkEnd(task, isHeld(evidence, task.id), report);
  checkShown(evidence, tasks.values(), report);
  return found;
}

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
  for (const { executor, isRewound, isAlarmed, journal } of evidence.shards) {
    const chain = chains.get(executor)!;
    // checkChain has seen that the record stands under its hash.
    const hashAt = (seq: number): string | undefined => journal[seq - 1]?.hash;
    const hashes = of(executor);
    const differs = chain.filter(({ seq }) => hashes.has(seq) && hashes.get(seq) !== hashAt(seq));
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
const node = (...parts: readonly Buffer[]): Buffer => hashOf("sha256", Buffer.concat(parts), "buffer");
const leaf = (body: string): Buffer => node(Buffer.from([0]), Buffer.from(body, "utf8"));
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return node();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return node(Buffer.from([1]), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

function checkEffects(evidence: Evidence, tasks: ReadonlyMap<string, TaskFacts>, report: Report): void {
  const countByStep = new Map<string, number>();
  for (const { task, step } of [...evidence.transfers, ...evidence.calls]) {
    // Somebody outside.
    if (task === "") continue;
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
  if (new Set(keys.map(({ effect_key, generation }) => `${generation} ${effect_key}`)).size !== keys.length)
    report("effects", "a domain key has two effects in one generation");
  for (const task of tasks.values())
    for (const [id, { planned, phase, applied }] of task.steps) {
      const count = countByStep.get(`${task.id} ${id}`) ?? 0;
      if (applied > 1) report("effects", `${task.id} ${id} recorded ${applied} times`);
      const isBlind =
        ["callee.plain", "callee.hold"].includes(planned.capability) && isRewound(evidence, task.id) && count > 0;
      if (phase === "applied" && !changesNothing(planned.capability) && count !== 1 && !isBlind)
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
    if (
      ["succeeded", "failed", "cancelled", "expired", "compensated"].includes(answer.status) &&
      task.settled[0] !== answer.status
    )
      report("answers", `${answer.task} was ${answer.status}, and is ${task.settled[0] ?? "open"}`);
    for (const { id, status } of answer.steps) {
      const step = task.steps.get(id);
      const phase = step?.phase ?? "absent";
      const isTakenBack = status === "reversed" || status === "compensated";
      const now = phase === "rejected" ? "denied" : isTakenBack ? (task.takenBack.get(id) ?? phase) : phase;
      // An undo that failed can be settled by a person's word.
      if (step?.of !== null && step?.resolutions !== 0 && phase === "applied") continue;
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

/** An executor that went back and knows of it claims nothing until people settle that. */
const isHeld = (evidence: Evidence, task: string): boolean =>
  isRewound(evidence, task) &&
  evidence.shards.some(({ executor, isAlarmed }) => isAlarmed && executor.endsWith(`/${task.split("_")[2]}`));

function checkEnd({ id, steps, settled, afterSettled, compensating }: TaskFacts, held: boolean, report: Report): void {
  if (settled.length > 1) report("end", `${id} ended ${settled.length} times`);
  if (afterSettled > 0) report("end", `${id}: ${afterSettled} events after its end`);
  // Only doubt outlives a task's deadline, and an undo that failed: they wait for an answer, or for a person, and say so.
  const all = [...steps.values()];
  const waitsForPerson = ({ phase, of }: (typeof all)[number]): boolean =>
    phase === "in-doubt" || (compensating && of !== null && UNDONE_BADLY.has(phase));
  const names = all.map((step) => `${step.planned.id} ${step.phase}`).join(", ");
  if (settled.length === 0 && !held && !all.some(waitsForPerson)) report("end", `${id} is still open: ${names}`);
  const open = all.find(
    ({ phase, of }) => of !== null && !["applied", "in-doubt"].includes(phase) && !UNDONE_BADLY.has(phase),
  );
  if (settled.length > 0 && !held && open !== undefined)
    report("end", `${id} ${open.planned.id} is still ${open.phase}`);
}
function checkShown(evidence: Evidence, tasks: Iterable<TaskFacts>, report: Report): void {
  const shown = new Set(evidence.shards.flatMap(({ doubts }) => doubts.map(({ task, step }) => `${task} ${step}`)));
  for (const { id, steps } of tasks)
    for (const [step, { phase }] of steps)
      if (phase === "in-doubt" && !shown.has(`${id} ${step}`)) report("shown", `${id} ${step} is in doubt, and hidden`);
}
const UNDONE_BADLY = new Set(["failed", "denied", "rejected", "expired", "skipped"]);
