/** A classifier's release with models behind it, its budgets, and a model that answers as a test says: what asking for labels needs, in one process. */
import { env } from "cloudflare:workers";
import { scopesOf } from "../../../intent-manager/planning/model/budget-book.ts";
import type { BudgetsRpc } from "../../../intent-manager/planning/model/budgets.ts";
import type { CallDeps } from "../../../intent-manager/planning/model/call-model.ts";
import type { ModelQuestion, SaidUsage } from "../../../intent-manager/planning/model/client.ts";
import { trainClassifier } from "../../../shared/classifier/train.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { compileRelease, type CompiledRelease } from "../../../shared/compiled-release.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { ModelSpec } from "../../../shared/model.ts";
import type { Problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";
import type { TaskContext } from "../../../shared/rpc.ts";
import { mails } from "../../support/mails.ts";
import { value } from "../../support/release.ts";
import { bundleOf } from "./bundle.ts";

export const ROOM = { calls: 1_000, tokens: 10_000_000, microCents: 1_000_000_000 };
const pin = (name: string) => ({ name, inputCents: 10, outputCents: 40, maxOutputTokens: 200, timeoutMs: 1_000 });
export const MODEL: ModelSpec = {
  prompt: "Say what the mail of a customer is about. They write in any language; what counts is what they want done.",
  small: pin("small-2026-01-01"),
  large: pin("large-2026-01-01"),
  fallback: ["small", "large", "person"],
  budget: { run: ROOM, day: ROOM },
};

const trained = trainClassifier(
  { fields: [{ field: "/text", as: "text" }], threshold: 0.9, reviewers: { role: "approver", quorum: 1 } },
  mails(150, 1, 0.02),
);
if (!trained.ok) throw new Error(trained.problem.detail);

export const labelling = (model: Partial<ModelSpec>, properties: JsonObject = {}): CompiledRelease =>
  value(
    compileRelease(
      canonicalize(
        bundleOf("notes", {
          classifier: trained.value,
          confidence: { small: { slope: 1_024, intercept: 0 } },
          model: { ...MODEL, ...model },
          region: { rule: "fixed", region: "eu" },
          input: {
            type: "object",
            properties: { text: { type: "string", "x-origin": "principal" }, ...properties },
            required: ["text"],
            additionalProperties: false,
          },
          playbook: {
            version: 1,
            steps: [
              { id: "send", capability: "mail.send", args: { to: { $cel: "intent.input.text" }, topic: "hello" } },
            ],
          },
        }),
      ),
    ),
  );

export const contextOf = (task: string, text: string, more: object = {}): TaskContext =>
  ({
    task: {
      id: task,
      region: "eu",
      deadlineAt: new Date(3_600_000).toISOString(),
      openedAt: "",
      steps: [],
      principal: { role: "app" },
    },
    input: { text },
    purpose: null,
    fromEvent: false,
    ofSubject: false,
    nextRound: 1,
    results: {},
    ...more,
  }) as unknown as TaskContext;

/** What a shared or single question asks for: the texts by id; of a single one, under the id "". */
export function textsIn({ prompt }: Pick<ModelQuestion, "prompt">): Map<string, string> {
  const found = [...prompt.matchAll(/(?:^Request (\w+)\n)?^\[begin [^\n]*\n([^]*?)^\[end/gmu)];
  return new Map(found.map(([, id = "", fenced]) => [id, /"text": "((?:[^"\\]|\\.)*)"/.exec(fenced!)?.[1] ?? ""]));
}

export type Said = { readonly text: string; readonly usage?: SaidUsage } | Problem;
/** Tokens as providers count them, roughly: four characters each. */
const counted = ({ system, prompt, schema }: ModelQuestion, text: string): SaidUsage => ({
  input: Math.ceil((system.length + prompt.length + JSON.stringify(schema).length) / 4),
  output: Math.ceil(text.length / 4),
});

let tenants = 0;
/** Everything that a call needs, over the budgets of a tenant of its own. Its clock stands still. */
export function desk(answer: (question: ModelQuestion) => Said) {
  const budgets = env.MODEL_BUDGETS.getByName(`labels-${++tenants}`) as unknown as BudgetsRpc;
  const seen: ModelQuestion[] = [];
  const deps: CallDeps = {
    client: {
      ask: async (question) => {
        seen.push(question);
        const said = answer(question);
        if ("code" in said) return err(said);
        return ok({ text: said.text, calls: [], usage: said.usage ?? counted(question, said.text) });
      },
      embed: async () => err({ code: "model-unavailable", detail: "" }),
    },
    budgets,
    tenantDay: ROOM,
    nowMs: () => 0,
    newSalt: () => "A".repeat(22),
    newId: () => crypto.randomUUID(),
  };
  const spentBy = async (task: string) => (await budgets.spent([scopesOf(task, "", 0).run]))[0]!;
  const spentToday = async () => (await budgets.spent([scopesOf("", "notes", Date.now()).day]))[0]!;
  return { deps, seen, spentBy, spentToday };
}
