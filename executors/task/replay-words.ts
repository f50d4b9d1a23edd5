/** What differs between a recorded decision and one that was taken again, in words. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { StepDecision } from "../../shared/events.ts";

export function differences(recorded: StepDecision, replayed: StepDecision, under: CompiledRelease): string[] {
  const { rules, limits } = under.bundle.policy;
  const ruleById = new Map([...rules, ...(limits ?? [])].map((rule) => [rule.id, rule]));
  const ended = recorded.rules.filter((id) => !replayed.rules.includes(id));
  const begun = replayed.rules.filter((id) => !recorded.rules.includes(id));
  return [
    recorded.answer === replayed.answer
      ? `The answer is ${replayed.answer}, as it was, on other grounds.`
      : `It was ${recorded.answer}; this release says ${replayed.answer}.`,
    ...begun.map((id) => {
      const rule = ruleById.get(id);
      return `${id} now decides: ${rule?.message ?? rule?.when ?? "the tier of the release"}`;
    }),
    ...ended.map(
      (id) => `${id} decided then and ${ruleById.has(id) ? "does not decide now" : "is not a rule of this release"}.`,
    ),
    ...replayed.errors.filter((error) => !recorded.errors.includes(error)).map((error) => `A rule fails: ${error}`),
    ...(replayed.byDefault && !recorded.byDefault ? ["No rule of this release speaks of it."] : []),
  ];
}
