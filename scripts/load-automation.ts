/**
 * From the source files of an automation to its release: automations/NAME/ and the capabilities' contracts become one canonical
 * bundle, addressed by its digest. The bundle is compiled as every plane will compile it, so what loads here is accepted there.
 *
 *   automation.yaml  name, summary, owner, tier, planner, region, home?, contractVersion?, memory?, writing?, gates?, features?, triggers?, intakeLimits?, classifier?, confidence?, capabilities, deadlines, onFailure?, reversal?, sla?, alerts?
 *   contract.json    JSON Schema of the input
 *   policy.yaml      rules
 *   playbook.yaml    steps; stands exactly where the planner is `playbook`, or where its models write for one or fall back to one
 *   prompt.md        what models are told; stands exactly where `model` does
 *   *.jsonl          labelled examples that the classifier is trained from, as automation.yaml names the file
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { contracts as everyContract } from "../executors/capabilities/index.ts";
import { canonicalize } from "../shared/canonical.ts";
import type { CapabilityContract } from "../shared/capability.ts";
import { ClassifierSettings, Example, type Classifier } from "../shared/classifier/schema.ts";
import { trainClassifier } from "../shared/classifier/train.ts";
import { compileRelease } from "../shared/compiled-release.ts";
import { AutomationName } from "../shared/ids.ts";
import { parseStrictJson, type Json } from "../shared/json.ts";
import { parsePointer } from "../shared/pointer.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { ModelSpec } from "../shared/model.ts";
import { lintPolicy, type Advice } from "../shared/policy/lint.ts";
import { ReleaseBundle } from "../shared/release.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { SAMPLE_UNIT } from "../shared/sampling.ts";
import { inRoot } from "./lib/project.ts";

const HOUR_MS = 3_600_000;

/** `model` of automation.yaml: as in the release, with the prompt in a file of its own. */
const ModelSource = z.strictObject(
  Object.fromEntries(Object.entries(ModelSpec.shape).filter(([key]) => key !== "prompt")),
) as unknown as z.ZodType<Omit<ModelSpec, "prompt">>;

/** `classifier` of automation.yaml: as in the release, with the file of examples in place of what training gives. */
const ClassifierSource = ClassifierSettings.extend({
  examples: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.jsonl$/),
});

/** The keys of automation.yaml. */
export const AutomationSource = z.strictObject({
  name: AutomationName,
  summary: ReleaseBundle.shape.summary,
  owner: ReleaseBundle.shape.owner,
  tier: ReleaseBundle.shape.tier,
  tierReason: ReleaseBundle.shape.tierReason,
  sampling: z
    .strictObject({ rate: z.number().gt(0).max(1), every: z.string().regex(/^[1-9][0-9]{0,4}(?:s|m|h|d)$/) })
    .optional(),
  planner: ReleaseBundle.shape.planner,
  region: ReleaseBundle.shape.region,
  home: ReleaseBundle.shape.home,
  contractVersion: ReleaseBundle.shape.contractVersion,
  model: ModelSource.optional(),
  memory: ReleaseBundle.shape.memory,
  writing: ReleaseBundle.shape.writing,
  gates: ReleaseBundle.shape.gates,
  triggers: ReleaseBundle.shape.triggers,
  intakeLimits: ReleaseBundle.shape.intakeLimits,
  classifier: ClassifierSource.optional(),
  confidence: ReleaseBundle.shape.confidence,
  features: ReleaseBundle.shape.features,
  capabilities: z.array(z.string()).min(1).max(200),
  deadlines: z.strictObject({ taskHours: z.number().positive(), reviewHours: z.number().positive() }),
  sla: z.strictObject({ cycle: z.string().regex(/^[1-9][0-9]{0,4}(?:s|m|h|d)$/) }).optional(),
  alerts: ReleaseBundle.shape.alerts,
  onFailure: ReleaseBundle.shape.onFailure,
  reversal: z.strictObject({ hours: z.number().positive() }).optional(),
});

export type LoadedAutomation = {
  readonly name: string;
  readonly bundle: ReleaseBundle;
  /** Canonical JSON of the bundle: exactly what is published. */
  readonly text: string;
  readonly digest: string;
  /** What a type checker holds against the policy. No veto. */
  readonly advice: readonly Advice[];
};

export type LoadOptions = { readonly folder?: string; readonly contracts?: ReadonlyMap<string, CapabilityContract> };

/** Where the shipped automations stand. */
export const AUTOMATIONS_FOLDER = inRoot("automations");

/** The automations of a folder, by name. */
export const automationNames = (folder = AUTOMATIONS_FOLDER): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(folder, entry.name, "automation.yaml")))
    .map((entry) => entry.name)
    .toSorted();

/** Folders that are no automation because they have no automation.yaml: whoever publishes says so, or a misspelled file is missed. */
export const incompleteFolders = (folder = AUTOMATIONS_FOLDER): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !existsSync(path.join(folder, entry.name, "automation.yaml")))
    .map((entry) => entry.name)
    .toSorted();

/** Loads `folder/name`. Errors: invalid-request (the files), capability-unknown, and what compileRelease refuses; each names the file. */
export function loadAutomation(
  name: string,
  { folder = AUTOMATIONS_FOLDER, contracts = everyContract }: LoadOptions = {},
): Result<LoadedAutomation> {
  const fileOf = (file: string) => path.join(folder, name, file);
  const source = readFileAs(fileOf("automation.yaml"), AutomationSource);
  if (!source.ok) return source;
  const {
    planner,
    model,
    region,
    home,
    owner,
    summary,
    tier,
    capabilities,
    deadlines,
    onFailure,
    reversal,
    sla,
    alerts,
    contractVersion,
    memory,
    writing,
    gates,
    triggers,
    intakeLimits,
    confidence,
    features,
    tierReason,
    sampling,
  } = source.value;
  if (source.value.name !== name)
    return refuse(fileOf("automation.yaml"), `it is called ${source.value.name}, and its folder ${name}`);
  const usesPlaybook = planner === "playbook" || writing !== undefined || model?.fallback.includes("playbook") === true;
  if (existsSync(fileOf("playbook.yaml")) !== usesPlaybook)
    return refuse(
      fileOf("playbook.yaml"),
      usesPlaybook
        ? `the planner is \`${planner}\`, and this file is missing`
        : `it stands beside the planner \`${planner}\`, which has no use for it`,
    );
  const plansByModel = planner === "model" || planner === "loop";
  const mayHaveModel = plansByModel || source.value.classifier !== undefined;
  if (plansByModel ? model === undefined : model !== undefined && !mayHaveModel)
    return refuse(
      fileOf("automation.yaml"),
      "`model` stands where the planner is `model` or `loop`, or beside `classifier`, and nowhere else",
    );
  if (existsSync(fileOf("prompt.md")) !== (model !== undefined))
    return refuse(fileOf("prompt.md"), model === undefined ? "only models have a use for it" : "the file is missing");
  const classifier =
    source.value.classifier === undefined ? null : trained(source.value.classifier, path.join(folder, name));
  if (classifier !== null && !classifier.ok) return classifier;
  const input = readFileAs(fileOf("contract.json"), ReleaseBundle.shape.input);
  if (!input.ok) return input;
  const policy = readFileAs(fileOf("policy.yaml"), ReleaseBundle.shape.policy);
  if (!policy.ok) return policy;
  const playbook = usesPlaybook ? readFileAs(fileOf("playbook.yaml"), z.json()) : ok(null);
  if (!playbook.ok) return playbook;
  const unknown = capabilities.filter((capability) => !contracts.has(capability));
  if (unknown.length > 0)
    return err(
      problem("capability-unknown", `${fileOf("automation.yaml")}: there is no capability ${unknown.join(", ")}`, {
        capabilities: unknown,
      }),
    );

  const bundle: ReleaseBundle = {
    version: 1,
    automation: name,
    summary,
    owner,
    tier,
    planner,
    region,
    ...(home === undefined ? {} : { home }),
    input: input.value,
    ...(contractVersion === undefined ? {} : { contractVersion }),
    ...(model === undefined ? {} : { model: { ...model, prompt: readFileSync(fileOf("prompt.md"), "utf8").trim() } }),
    ...(memory === undefined ? {} : { memory }),
    ...(writing === undefined ? {} : { writing }),
    ...(gates === undefined ? {} : { gates }),
    ...(triggers === undefined ? {} : { triggers }),
    ...(intakeLimits === undefined ? {} : { intakeLimits }),
    ...(classifier === null ? {} : { classifier: classifier.value }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(features === undefined ? {} : { features }),
    ...(tierReason === undefined ? {} : { tierReason }),
    ...(sampling === undefined
      ? {}
      : { sampling: { rate: Math.round(sampling.rate * SAMPLE_UNIT), everyMs: durationMs(sampling.every) } }),
    playbook: playbook.value as ReleaseBundle["playbook"],
    policy: policy.value,
    capabilities: Object.fromEntries(capabilities.map((capability) => [capability, contracts.get(capability)!])),
    ...(sla === undefined ? {} : { sla: { cycleMs: durationMs(sla.cycle) } }),
    ...(alerts === undefined ? {} : { alerts }),
    deadlines: { taskMs: deadlines.taskHours * HOUR_MS, reviewMs: deadlines.reviewHours * HOUR_MS },
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(reversal === undefined ? {} : { reversal: { windowMs: Math.round(reversal.hours * HOUR_MS) } }),
  };
  const text = canonicalize(bundle);
  const compiled = compileRelease(text);
  if (!compiled.ok)
    return err({
      ...compiled.problem,
      detail: `${whereOf(compiled.problem, path.join(folder, name))}: ${compiled.problem.detail}`,
    });
  return ok({
    name,
    bundle,
    text,
    digest: compiled.value.digest,
    advice: lintPolicy(bundle.policy, compiled.value.declarations),
  });
}

/** By settings and the text of the examples: training takes seconds, and gives the same every time. */
const trainedBefore = new Map<string, Result<Classifier>>();

/** Trained here and now; the same examples give the same release. */
function trained({ examples, ...settings }: z.output<typeof ClassifierSource>, folder: string): Result<Classifier> {
  const file = path.join(folder, examples);
  if (!existsSync(file)) return refuse(file, "the file is missing");
  const text = readFileSync(file, "utf8");
  const key = JSON.stringify([settings, text]);
  const before = trainedBefore.get(key);
  if (before !== undefined) return before;
  const read: Example[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parseStrictJson(line);
    const example = value.ok ? Example.safeParse(value.value) : null;
    if (example === null || !example.success)
      return refuse(file, `line ${i + 1} is no example: {"input": {…}, "label": "…"}`);
    read.push(example.data);
  }
  const classifier = trainClassifier(settings, read);
  if (!classifier.ok) return refuse(file, classifier.problem.detail);
  trainedBefore.set(key, classifier);
  return classifier;
}

const refuse = (file: string, why: string) => err(problem("invalid-request", `${file}: ${why}`, { file }));

/** A file's value in the shape of a schema; YAML or JSON by its ending. */
function readFileAs<Schema extends z.ZodType>(file: string, schema: Schema): Result<z.output<Schema>> {
  if (!existsSync(file)) return refuse(file, "the file is missing");
  const value = parse(file, readFileSync(file, "utf8"));
  if (!value.ok) return value;
  const parsed = schema.safeParse(value.value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0]!;
  return refuse(file, `${issue.path.join(".") || "the file"}: ${issue.message}`);
}

function parse(file: string, text: string): Result<Json> {
  if (file.endsWith(".json")) {
    const value = parseStrictJson(text);
    return value.ok ? value : refuse(file, value.problem.detail);
  }
  // Repeated keys are errors in YAML 1.2's core schema; the parser is told to say so.
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  const [fault] = [...document.errors, ...document.warnings];
  return fault === undefined ? ok(document.toJS({ maxAliasCount: 0 }) as Json) : refuse(file, fault.message);
}

/** The folder; of a playbook the file and the line. */
function whereOf({ code, facts }: Problem, folder: string): string {
  const file = path.join(folder, "playbook.yaml");
  const place = String(facts?.["at"] ?? "");
  const isRelease = code === "invalid-request" && place.startsWith("/playbook/");
  const at = parsePointer(isRelease ? place.slice("/playbook".length) : code === "playbook-invalid" ? place : "-");
  if (at === undefined || !existsSync(file)) return folder;
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
  // The nearest part of the path that is there: what is missing is missed where it should stand.
  for (let length = at.length; length > 0; length--) {
    const node = document.getIn(at.slice(0, length), true);
    if (isNode(node) && node.range) return `${file}:${lines.linePos(node.range[0]).line}`;
  }
  return file;
}

const UNIT_MS: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };
/** `90s`, `15m`, `24h`, `7d`. */
const durationMs = (text: string): number => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1)]!;
