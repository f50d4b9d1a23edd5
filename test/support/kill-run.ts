/**
 * Load over a runtime that is killed again and again: apps that ask for work of every kind (kill-work.ts), a reviewer who approves what waits,
 * and SIGKILL at moments that a seed chooses. Each app repeats what was not answered, under the same key, as the interface tells it to.
 */
import { decide, type Reviewer } from "../e2e/people.ts";
import type { Mortal } from "./mortal.ts";
import { workOf, type Work } from "./kill-work.ts";

const CLIENTS = 8;
/** Answers under load before a kill: up to so many, and no longer than so many milliseconds. */
const MOST_ANSWERS = 16;
const LOAD_MS = 1_500;

export type KillRun = {
  /** Work that was sent, answered or not. */
  readonly sent: readonly Work[];
  /** Tasks of the work that was answered. */
  readonly acknowledged: ReadonlyMap<Work, string>;
  /** Answers that said `succeeded`. */
  readonly finished: number;
  readonly kills: number;
  /** Requests that ended without an answer. */
  readonly unanswered: number;
  /** Tasks that had been answered as finished and were not any more after a start. There must be none. */
  readonly lost: readonly string[];
};

/** Runs the load through `kills` kills. Times are drawn from `random`, in [0, 1). */
export async function runWithKills(
  system: Mortal,
  by: Reviewer,
  kills: number,
  random: () => number,
): Promise<KillRun> {
  const acknowledged = new Map<Work, string>();
  const sent: Work[] = [];
  const open: Work[] = [];
  const finishedTasks = new Set<string>();
  const lost: string[] = [];
  let unanswered = 0;
  let answers = 0;
  let answered = (): void => {};
  /** Resolves after so many more answers, or when they take too long: a kill is to meet a start as well. */
  const enough = (more: number): Promise<void> => {
    const wanted = answers + more;
    return new Promise((resolve) => {
      const late = setTimeout(resolve, LOAD_MS);
      answered = () => {
        if (answers < wanted) return;
        clearTimeout(late);
        resolve();
      };
      answered();
    });
  };

  const doOne = async (isOn: () => boolean): Promise<void> => {
    const again = open.shift();
    const work = again ?? workOf(sent.length);
    if (again === undefined) sent.push(work);
    const { automation, input, key, waits } = work;
    const body = { automation, input, idempotencyKey: key };
    try {
      const headers: Record<string, string> = waits ? { prefer: "wait=5" } : {};
      const answer = await system.call(system.tenant.apiKeys.app, "/v1/intents", { body, headers });
      if (answer.status !== 200 && answer.status !== 202) {
        open.push(work);
        if (isOn()) await new Promise((resolve) => setTimeout(resolve, 20));
        return;
      }
      answers++;
      answered();
      acknowledged.set(work, answer.body.id ?? answer.body.task);
      if (answer.body.status === "succeeded") finishedTasks.add(answer.body.id);
    } catch {
      unanswered++;
      open.push(work);
    }
  };
  const review = async (): Promise<void> => {
    try {
      const { status, body } = await system.call(system.tenant.apiKeys.approver, "/v1/reviews");
      if (status === 200) for (const waiting of body.reviews) await decide(system, by, waiting, "approve");
    } catch {
      unanswered++;
    }
  };
  /** Load until told to stop; resolves when every loop has ended. */
  const load = () => {
    let on = true;
    const isOn = () => on;
    const loop = async (work: () => Promise<void>) => {
      while (on) await work();
    };
    const loops = [
      ...Array.from({ length: CLIENTS }, () => loop(() => doOne(isOn))),
      loop(async () => {
        await review();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
    ];
    return {
      end: async () => {
        on = false;
        await Promise.all(loops);
      },
    };
  };

  let checkedFinished = 0;
  for (let kill = 0; kill < kills; kill++) {
    const running = load();
    await enough(Math.floor(random() * MOST_ANSWERS));
    await new Promise((resolve) => setTimeout(resolve, random() * 30));
    await Promise.all([system.kill(), running.end()]);
    // What was answered as done before the kill is done after it.
    const check = async (task: string): Promise<void> => {
      const { body } = await system.call(system.tenant.apiKeys.app, `/v1/tasks/${task}`);
      if (body.status !== "succeeded") lost.push(task);
    };
    await Promise.all([...finishedTasks].slice(checkedFinished).map(check));
    checkedFinished = finishedTasks.size;
  }
  while (open.length > 0) await doOne(() => true);
  return { sent, acknowledged, finished: finishedTasks.size, kills, unanswered, lost };
}
