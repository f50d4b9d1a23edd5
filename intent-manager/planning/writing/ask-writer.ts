/**
 * Models asked for passages, one for each language, until all of them are good: each model of the release's list once, and once more with what
 * was wrong. What is good is taken at once; only what is not is asked for again.
 *
 * W1  A passage that does not keep to the terminology is never taken, whoever wrote it.
 * W2  One plan makes no more calls than its record can name.
 */
import * as z from "zod";
import { LIMITS } from "../../../shared/limits.ts";
import type { ModelCall } from "../../../shared/model.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { faultInWords, type TermFault } from "../../../shared/terms.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { CallLog } from "../model/ask-tier.ts";
import { callModel, type CallDeps, type CallFor } from "../model/call-model.ts";
import { jsonOf, type ModelAnswer } from "../model/client.ts";
import { repairOf } from "../model/words.ts";
import { type By, type Kept, Passage } from "./kept-texts.ts";
import { writerSystem } from "./words.ts";

export type Writer = {
  readonly deps: CallDeps;
  readonly release: CompiledRelease;
  readonly of: CallFor;
  readonly log: CallLog;
  /** Calls of this plan that have begun. */
  begun: number;
};

export type Wanted = {
  readonly languages: readonly string[];
  readonly prompt: (languages: readonly string[]) => string;
  readonly schema: (languages: readonly string[]) => JsonObject;
  /** The passages of an answer, by language. */
  readonly read: (answer: JsonObject, language: string) => unknown;
  /** What a passage does against the terminology. */
  readonly faults: (language: string, passage: Passage) => readonly TermFault[];
  /** Called with each good passage as soon as it is there. */
  readonly taken: (language: string, kept: Kept) => Promise<void>;
};

/** Null where all passages are there. Refuses with what the last one asked refused with, terms-violated or model-answer-invalid among it. */
export async function askWriters(writer: Writer, wanted: Wanted): Promise<Problem | null> {
  let missing = wanted.languages;
  let why: Problem = problem("model-not-configured", "The release's list names no model.");
  for (const tier of writer.release.bundle.model!.fallback) {
    if (tier !== "small" && tier !== "large") break;
    let repair: { readonly answer: string; readonly why: string } | null = null;
    for (const purpose of ["write", "repair"] as const) {
      const asked = await askOnce(writer, wanted, missing, tier, purpose, repair);
      if (!asked.ok) {
        why = asked.problem;
        break;
      }
      missing = asked.value.missing;
      if (missing.length === 0) return null;
      why = asked.value.why!;
      repair = { answer: asked.value.answer, why: why.detail };
    }
  }
  return why;
}

type Asked = { readonly missing: readonly string[]; readonly answer: string; readonly why: Problem | null };

async function askOnce(
  writer: Writer,
  wanted: Wanted,
  languages: readonly string[],
  tier: By["tier"],
  purpose: "write" | "repair",
  repair: { readonly answer: string; readonly why: string } | null,
): Promise<Result<Asked>> {
  const { deps, release, of, log } = writer;
  const model = release.bundle.model!;
  if (writer.begun >= LIMITS.modelCallsRecorded)
    return err(problem("budget-exceeded", "One plan makes no more calls."));
  writer.begun++; // W2
  const plain = wanted.prompt(languages);
  const { answer, record, disclosures } = await callModel(deps, {
    ...of,
    purpose,
    tier,
    pin: model[tier]!,
    system: writerSystem(model.prompt),
    prompt: repair === null ? plain : repairOf(plain, repair.answer, repair.why),
    schema: wanted.schema(languages),
  });
  Object.assign(log.disclosures, disclosures);
  if (!answer.ok) {
    if (record !== null) log.calls.push(record);
    // Words that are none of the protocol can be said again; whoever does not answer is not asked again.
    return answer.problem.code === "model-answer-invalid"
      ? ok({ missing: languages, answer: "", why: answer.problem })
      : answer;
  }
  const { good, problems } = judge(answer.value, wanted, languages);
  const worst = problems.find(({ code }) => code === "model-answer-invalid") ?? problems[0] ?? null;
  log.calls.push({ ...record!, outcome: worst === null ? "ok" : (worst.code as ModelCall["outcome"]) });
  const by: By = { tier, model: record!.model, atMs: record!.endMs, microCents: record!.microCents };
  for (const [language, passage] of good) await wanted.taken(language, { passage, by });
  return ok({
    missing: languages.filter((language) => !good.has(language)),
    answer: answer.value.text,
    why: worst === null ? null : { ...worst, detail: problems.map(({ detail }) => detail).join(" ") },
  });
}

/** W1. */
function judge(
  { text }: ModelAnswer,
  wanted: Wanted,
  languages: readonly string[],
): { readonly good: ReadonlyMap<string, Passage>; readonly problems: readonly Problem[] } {
  const json = jsonOf(text);
  const object = json.ok ? z.record(z.string(), z.json()).safeParse(json.value) : null;
  const good = new Map<string, Passage>();
  if (object?.success !== true)
    return { good, problems: [json.ok ? problem("model-answer-invalid", "This is no object.") : json.problem] };
  const problems: Problem[] = [];
  for (const language of languages) {
    const passage = Passage.safeParse(wanted.read(object.data as JsonObject, language));
    if (!passage.success) {
      const detail = `${language}: a heading and a text are wanted (${passage.error.issues[0]!.message}).`;
      problems.push(problem("model-answer-invalid", detail));
      continue;
    }
    const faults = wanted.faults(language, passage.data);
    if (faults.length === 0) good.set(language, passage.data);
    else problems.push(problem("terms-violated", `${faults.map(faultInWords).join("; ")}.`, { language }));
  }
  return { good, problems };
}
