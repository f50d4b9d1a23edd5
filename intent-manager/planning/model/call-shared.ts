/**
 * One call of a model for several tasks that wait for the same label: reserved once, bounded in time, settled once, and told apart again. M1 to M3
 * of `callModel` hold here too; beside them:
 *
 * C1  Figures are shared out in whole numbers by what was reserved for each part, and add up to the call's. No part is more than was reserved for it.
 * C2  The record and the transcript of a task have its own words alone, so that what ends with one person's data ends whole.
 * C3  A task for which this is nothing (no company, no room in its own budget, no endpoint) is told so, and asks alone.
 */
import { utf8 } from "../../../shared/bytes.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { commit } from "../../../shared/commitments.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { microCentsOf, type ModelPin } from "../../../shared/model.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { Reservation } from "./budget-book.ts";
import {
  OVERHEAD_TOKENS,
  transcriptOf,
  usageOf,
  type CallDeps,
  type Called,
  type CallFor,
  type ModelAsk,
} from "./call-model.ts";
import type { ModelAnswer } from "./client.ts";
import { entryOf, labelsSchema, manySystemOf, takeApart } from "./shared-answer.ts";
import { shareOut } from "./share-out.ts";

/** What the tasks have in common: they are of one release, and wait for one tier. */
export type SharedAsk = Pick<ModelAsk, "tier" | "pin" | "system" | "automation" | "budget"> & {
  readonly labels: readonly string[];
};
export type SharedPart = Pick<CallFor, "task" | "deadlineMs"> & { readonly prompt: string };

/** Each part as it was called, its answer as if it had been given alone; null where the task asks alone. */
export async function callShared(
  deps: CallDeps,
  ask: SharedAsk,
  parts: readonly SharedPart[],
): Promise<readonly (Called | null)[]> {
  const alone = parts.map(() => null);
  const startMs = deps.nowMs();
  const timeoutMs = Math.min(ask.pin.timeoutMs, ...parts.map(({ deadlineMs }) => deadlineMs - startMs));
  if (deps.client === null || timeoutMs <= 0) return alone;
  const held = await hold(deps, ask, parts);
  if (held === null) return alone;
  const { id, entries, outputTokens } = held;
  const most = {
    inputTokens: entries.reduce((sum, entry) => sum + entry.inputTokens, 0),
    outputTokens: outputTokens * entries.length,
  };
  const answer = await deps.client.ask({
    model: ask.pin.name,
    system: manySystemOf(ask.system),
    prompt: entries.map(({ text }) => text).join("\n\n"),
    schema: labelsSchema(ask.labels),
    maxOutputTokens: most.outputTokens,
    timeoutMs,
  });
  const endMs = Math.max(startMs, deps.nowMs());
  const said = answer.ok ? usageOf(answer.value.usage, most) : null;
  const figures = said ?? most;
  const inputs = shareOut(
    figures.inputTokens,
    entries.map(({ inputTokens }) => inputTokens),
  );
  const outputs = shareOut(
    figures.outputTokens,
    entries.map(() => outputTokens),
  );
  const used = entries.map((_, i) => partOf(ask.pin, inputs[i]!, outputs[i]!));
  await deps.budgets.settle({
    id,
    used: said === null ? null : used,
    answered: answer.ok || answer.problem.code === "model-answer-invalid",
  });
  const answers = answer.ok
    ? takeApart(
        answer.value,
        entries.map((entry) => entry.id),
        ask.labels,
      )
    : entries.map(() => answer);
  const call = newName(deps, 24);
  const calledByTask = new Map(
    entries.map(({ part, prompt }, i): [string, Called] => {
      const own = asAnswer(answers[i]!);
      const transcript = transcriptOf(
        manySystemOf(ask.system),
        `[one of ${entries.length} in one call]\n${prompt}`,
        own,
      );
      const salt = deps.newSalt();
      const commitment = commit(salt, transcript);
      const record: Called["record"] = {
        purpose: "classify",
        tier: ask.tier,
        model: ask.pin.name,
        startMs,
        endMs,
        inputTokens: inputs[i]!,
        outputTokens: outputs[i]!,
        microCents: used[i]!.microCents,
        usage: said === null ? "reserved" : "reported",
        outcome: own.ok ? "ok" : (own.problem.code as NonNullable<Called["record"]>["outcome"]),
        transcript: { $commit: commitment },
        shared: { call, part: i + 1, of: entries.length },
      };
      return [part.task, { answer: own, record, disclosures: { [commitment]: { salt, value: transcript } } }];
    }),
  );
  return parts.map(({ task }) => calledByTask.get(task) ?? null);
}

type Entry = {
  readonly id: string;
  readonly part: SharedPart;
  readonly prompt: string;
  readonly text: string;
  /** The most that can be counted for it: its own bytes, and its part of what all have in common. */
  readonly inputTokens: number;
};
type Held = { readonly id: string; readonly entries: readonly Entry[]; readonly outputTokens: number };

/** Reserves the call for as many as have room; null where that leaves nobody to share it with. */
async function hold(deps: CallDeps, ask: SharedAsk, parts: readonly SharedPart[]): Promise<Held | null> {
  if (parts.length < 2) return null;
  const { pin } = ask;
  const common = utf8(manySystemOf(ask.system)).length + utf8(canonicalize(labelsSchema(ask.labels))).length;
  const entries = parts.map((part): Entry => {
    const id = newName(deps, 16);
    const text = entryOf(id, part.prompt);
    const inputTokens = utf8(text).length + 2 + Math.ceil((common + OVERHEAD_TOKENS) / parts.length);
    return { id, part, prompt: part.prompt, text, inputTokens };
  });
  const outputTokens = Math.min(pin.maxOutputTokens, Math.floor(LIMITS.modelOutputTokens / parts.length));
  const reservation: Reservation = {
    id: deps.newId(),
    automation: ask.automation,
    model: pin.name,
    runs: entries.map(({ part, inputTokens }) => ({ task: part.task, ...partOf(pin, inputTokens, outputTokens) })),
    ...ask.budget,
    tenantDay: deps.tenantDay,
  };
  const reserved = await deps.budgets.reserve(reservation);
  if (reserved.ok) return { id: reservation.id, entries, outputTokens };
  // Tasks whose own budget is spent leave it to the others.
  const poor = reserved.problem.facts?.["tasks"];
  const rest = Array.isArray(poor) ? parts.filter(({ task }) => !(poor as readonly string[]).includes(task)) : parts;
  return rest.length === parts.length ? null : hold(deps, ask, rest);
}

const partOf = (pin: ModelPin, inputTokens: number, outputTokens: number) => ({
  tokens: inputTokens + outputTokens,
  microCents: microCentsOf(pin, inputTokens, outputTokens),
});

const newName = ({ newId }: CallDeps, chars: number): string => newId().replaceAll("-", "").slice(0, chars);

const asAnswer = (read: Result<ModelAnswer | string>): Result<ModelAnswer> =>
  read.ok && typeof read.value === "string"
    ? ok({ text: read.value, calls: [], usage: { input: null, output: null } })
    : (read as Result<ModelAnswer>);
