import { expect, it } from "vitest";
import type { ReadRecord, ResidentDefinition } from "../../executors/adapters/resident.ts";
import { approveEdition } from "../../executors/capabilities/editions-approve.ts";
import { getEdition } from "../../executors/capabilities/editions-get.ts";
import { stageEdition } from "../../executors/capabilities/editions-stage.ts";
import { compileContract } from "../../shared/contracts.ts";
import type { Json } from "../../shared/json.ts";
import { actionContext } from "../support/action-context.ts";
import { codeOf, value } from "../support/release.ts";

/** Records as one object keeps them. */
function store() {
  const records = new Map<string, { version: number; value: Json | null }>();
  const read: ReadRecord = (collection, id) => records.get(`${collection}/${id}`) ?? { version: 0, value: null };
  return <Args>(
    definition: ResidentDefinition<Args>,
    args: Args,
  ): { readonly result: Json; readonly changes: unknown } => {
    value(value(compileContract(definition.contract.input as never)).check(args as Json));
    if ("answer" in definition) return { result: value(definition.answer(args, read, actionContext())), changes: [] };
    const { writes, result, changes } = value(definition.plan(args, read, actionContext()));
    for (const { collection, id, value: next } of writes)
      records.set(`${collection}/${id}`, { version: read(collection, id).version + 1, value: next });
    value(value(compileContract(definition.contract.output as never)).check(result));
    return { result, changes };
  };
}
const edition = "weekly-2026-w47";
const terms = [{ term: "audit trail", in: [{ language: "de", use: "Prüfpfad", forms: ["Prüfpfads"] }] }];
const text = (language: string, title: string, body: string) => ({ language, title, body });
const EN = text("en", "News", "The audit trail.");
const DE = text("de", "Neues", "Der Prüfpfad.");
const staged = (...texts: (typeof EN)[]) => ({ edition, source: "en", texts, terms });
const refusal = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return "ok";
};

it("an edition is staged, approved as a whole under its digest, and read only then", () => {
  const act = store();
  const { result } = act(stageEdition, staged(EN, DE));
  const { digest } = result as { digest: string };
  expect(refusal(() => act(getEdition, { edition }))).toContain("Nobody has approved");
  const approval = act(approveEdition, { edition, digest });
  expect(approval.changes).toEqual([
    { what: "en: News", from: null, to: EN.body },
    { what: "de: Neues", from: null, to: DE.body },
    { what: "term audit trail", from: null, to: "de: Prüfpfad / Prüfpfads" },
  ]);
  expect(act(getEdition, { edition }).result).toEqual({ edition, digest, texts: [EN, DE] });
  // E2
  expect(refusal(() => act(stageEdition, staged(EN, text("de", "Anderes", "Der Prüfpfad."))))).toContain("is approved");
});

it("what was staged anew is not approved under the old digest, and languages that went are gone", () => {
  const act = store();
  const first = act(stageEdition, staged(EN, DE)).result as { digest: string };
  const second = act(stageEdition, staged(EN)).result as { digest: string };
  expect(refusal(() => act(approveEdition, { edition, digest: first.digest }))).toContain("Something else is staged");
  act(approveEdition, { edition, digest: second.digest });
  expect(act(getEdition, { edition }).result).toMatchObject({ texts: [EN] });
});

it("nothing is staged that does not keep to its terms, lacks the source or says a language twice", () => {
  const act = store();
  for (const texts of [[EN, text("de", "Neues", "Das Protokoll.")], [DE], [EN, DE, DE]])
    expect(refusal(() => act(stageEdition, staged(...texts)))).toContain("effect-refused");
  expect(codeOf(compileContract(stageEdition.contract.input as never))).toBe("ok");
});
