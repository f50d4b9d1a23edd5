/**
 * A release made ready to decide: its bundle parsed from exact bytes, its contracts, policy and playbook compiled once.
 * The intent-manager and the executor both build it from the same canonical text, so they decide over the same thing.
 */
import { canonicalBytes } from "./canonical.ts";
import { contractDigest, templateArguments } from "./capability.ts";
import { compileClassifier, type CompiledClassifier } from "./classifier/classify.ts";
import { READERS } from "./classifier/reading/readers.ts";
import { compileContract, type Contract } from "./contracts.ts";
import { compileFeatures } from "./features.ts";
import { compileGates, type CompiledGates } from "./gates/gates.ts";
import { parseStrictJson } from "./json.ts";
import { wrongReads } from "./memory.ts";
import { compilePlaybook, type CompiledPlaybook } from "./playbook.ts";
import { escapeSegment } from "./pointer.ts";
import { compilePolicy, type CapabilityDeclaration, type CompiledPolicy, type Declarations } from "./policy/index.ts";
import { problem } from "./problems.ts";
import type { PlannerKind } from "./proposal.ts";
import { ReleaseBundle } from "./release.ts";
import { err, ok, type Result } from "./result.ts";
import { sha256Hex } from "./sha256.ts";
import { equalBytes, utf8 } from "./bytes.ts";
import { togglesIn } from "./toggles.ts";
import { compileTriggers, type CompiledTriggers } from "./triggers/triggers.ts";
import { wrongUndo } from "./undo.ts";
import { wrongWriting } from "./writing.ts";

export type CompiledRelease = {
  readonly digest: string;
  readonly bundle: ReleaseBundle;
  readonly input: Contract;
  readonly declarations: Declarations;
  /** Digest of each capability's contract as the release has it. */
  readonly contractDigestByName: ReadonlyMap<string, string>;
  /** Null where the automation has none. */
  readonly gates: CompiledGates | null;
  readonly triggers: CompiledTriggers | null;
  readonly classifier: CompiledClassifier | null;
  readonly policy: CompiledPolicy;
  readonly playbook: CompiledPlaybook | null;
  /** Names of the feature toggles that it looks at. */
  readonly toggles: readonly string[];
};

export const plansByModel = ({ planner }: Pick<ReleaseBundle, "planner">): boolean =>
  planner === "model" || planner === "loop";
/** Whether models label what the local classifier is not sure of. */
export const labelsByModel = ({ classifier, model }: Pick<ReleaseBundle, "classifier" | "model">): boolean =>
  classifier !== undefined && model !== undefined;
const usesPlaybook = ({ planner, model, writing }: ReleaseBundle): boolean =>
  planner === "playbook" || writing !== undefined || model?.fallback.includes("playbook") === true;

/**
 * Whether plans of a kind may enter tasks of a release: those of its planner and, where models plan, of those who stand in for them: the
 * playbook, and a person, who proposes as an agent does.
 */
export function mayPlan(planner: PlannerKind, { planner: own, model }: ReleaseBundle): boolean {
  if (planner === own) return true;
  if (own === "playbook") return false;
  if (planner === "playbook") return model?.fallback.includes("playbook") === true;
  return planner === "agent" && model?.fallback.includes("person") === true;
}

/** Models that write take no other part in the plan: neither what they remember nor a kept plan is theirs, and no playbook plans without their texts. */
function wrongWritingOf({ planner, model, memory, writing, playbook }: ReleaseBundle, input: Contract): string | null {
  if (writing === undefined) return null;
  if (planner !== "model" || memory !== undefined || model?.cache !== undefined || playbook === null)
    return "`writing` stands where the planner is `model`, beside a playbook, without `memory` and `model.cache`.";
  return model?.fallback.includes("playbook") === true
    ? "`writing`: the playbook alone writes nothing; `fallback` names models and a person."
    : wrongWriting(writing, playbook, input);
}

/** Digest of a bundle's text: SHA-256 over exactly the bytes that were published. */
export const releaseDigest = (text: string): string => `sha256:${sha256Hex(text)}`;

/**
 * Parses and compiles a bundle. Refuses text that is not the canonical form of what it says (release-mismatch), and whatever the
 * contracts (invalid-contract), the features (features-invalid), the policy (policy-invalid) or the playbook (playbook-invalid) refuse.
 */
export function compileRelease(text: string): Result<CompiledRelease> {
  const parsed = parseStrictJson(text);
  if (!parsed.ok) return parsed;
  const checked = ReleaseBundle.safeParse(parsed.value);
  if (!checked.success)
    return err(
      problem(
        "invalid-request",
        `The bundle is not a release: ${checked.error.issues[0]?.path.join(".")} ${checked.error.issues[0]?.message}`,
        { at: `/${checked.error.issues[0]?.path.map((part) => escapeSegment(String(part))).join("/")}` },
      ),
    );
  if (!equalBytes(canonicalBytes(parsed.value), utf8(text)))
    return err(problem("release-mismatch", "The bundle is not canonical JSON."));
  const bundle = checked.data;
  if (bundle.classifier !== undefined && bundle.planner !== "playbook")
    return err(problem("classifier-invalid", "A classifier labels inputs for a playbook; this planner has none."));
  if ((plansByModel(bundle) || labelsByModel(bundle)) !== (bundle.model !== undefined))
    return err(
      problem(
        "invalid-request",
        "`model` stands in the release exactly when its planner is `model` or `loop`, or beside a classifier.",
      ),
    );
  if (labelsByModel(bundle) && bundle.model!.fallback.includes("playbook"))
    return err(problem("classifier-invalid", "Who gives labels is a model or a person; a playbook gives none."));
  if ((bundle.planner === "loop") !== (bundle.model?.loop !== undefined))
    return err(problem("invalid-request", "`model.loop` stands in the release exactly when its planner is `loop`."));
  if (bundle.model?.batch !== undefined && !labelsByModel(bundle))
    return err(problem("invalid-request", "`model.batch` stands in the release only beside a classifier."));
  if (bundle.classifier?.reads !== undefined && (bundle.model?.batch ?? bundle.model?.cache) !== undefined)
    return err(
      problem(
        "invalid-request",
        "What is read of a text is its own: `model.batch` and `model.cache` are for labels alone.",
      ),
    );
  if (usesPlaybook(bundle) !== (bundle.playbook !== null))
    return err(
      problem(
        "playbook-invalid",
        "A playbook stands in the release exactly when its planner is `playbook`, its models write for one, or fall back to it.",
      ),
    );
  const input = compileContract(bundle.input as Parameters<typeof compileContract>[0]);
  if (!input.ok) return input;
  const unread = bundle.memory === undefined ? null : wrongReads(bundle.memory, plansByModel(bundle), input.value);
  if (unread !== null) return err(problem("invalid-request", unread));
  const unwritable = wrongWritingOf(bundle, input.value);
  if (unwritable !== null) return err(problem("invalid-request", unwritable));
  const features = bundle.features === undefined ? null : compileFeatures(bundle.features, input.value);
  if (features !== null && !features.ok) return features;
  const reads = bundle.classifier?.reads;
  const known = {
    input: input.value,
    ...(features === null ? {} : { features: features.value }),
    ...(reads === undefined ? {} : { fields: new Set(Object.keys(READERS[reads.as].fields)) }),
  };
  const gates = bundle.gates === undefined ? null : compileGates(bundle.gates, known);
  if (gates !== null && !gates.ok) return gates;
  const triggers = bundle.triggers === undefined ? null : compileTriggers(bundle.triggers, input.value);
  if (triggers !== null && !triggers.ok) return triggers;
  const classifier = bundle.classifier === undefined ? null : compileClassifier(bundle.classifier, input.value);
  if (classifier !== null && !classifier.ok) return classifier;
  const capabilities = new Map<string, CapabilityDeclaration>();
  const contractDigestByName = new Map<string, string>();
  for (const [name, contract] of Object.entries(bundle.capabilities)) {
    if (name !== contract.name)
      return err(problem("invalid-contract", `The contract under ${name} names ${contract.name}.`));
    const argsContract = compileContract(contract.input as Parameters<typeof compileContract>[0]);
    if (!argsContract.ok) return argsContract;
    const exposed = [...contract.tags, ...(contract.effectKey === undefined ? [] : [contract.effectKey])]
      .flatMap(templateArguments)
      .find((argument) => argsContract.value.isPersonal(`/${argument}`));
    if (exposed !== undefined)
      return err(
        problem("invalid-contract", `${name}: tags and effect keys are recorded, and ${exposed} is a personal value.`),
      );
    const output = compileContract(contract.output as Parameters<typeof compileContract>[0]);
    if (!output.ok) return output;
    const preview =
      contract.preview === undefined
        ? undefined
        : compileContract(contract.preview as Parameters<typeof compileContract>[0]);
    if (preview !== undefined && !preview.ok) return preview;
    const observe = contract.observe === undefined ? undefined : compileContract(contract.observe);
    if (observe !== undefined && !observe.ok) return observe;
    capabilities.set(name, {
      contract,
      input: argsContract.value,
      output: output.value,
      ...(preview === undefined ? {} : { preview: preview.value }),
      ...(observe === undefined ? {} : { observe: observe.value }),
    });
    const wrong = wrongUndo(contract, bundle.capabilities[contract.undo?.capability ?? ""]);
    if (wrong !== null) return err(problem("invalid-contract", `${name}: its undo: ${wrong}.`));
    contractDigestByName.set(name, contractDigest(contract));
  }
  const declarations: Declarations = { ...known, capabilities };
  const policy = compilePolicy(bundle.policy, declarations);
  if (!policy.ok) return policy;
  const playbook = bundle.playbook === null ? null : compilePlaybook(bundle.playbook, declarations);
  if (playbook !== null && !playbook.ok) return playbook;
  const conditions = (playbook === null ? [] : playbook.value.steps).flatMap(({ early, when }) =>
    [...early, ...(when === undefined ? [] : [when])].flatMap(({ paths }) => paths),
  );
  const switches = bundle.model?.toggle === undefined ? [] : [bundle.model.toggle];
  const toggles = togglesIn([...policy.value.paths, ...conditions], switches);
  if (!toggles.ok) return toggles;
  return ok({
    digest: releaseDigest(text),
    bundle,
    input: input.value,
    declarations,
    contractDigestByName,
    gates: gates === null ? null : gates.value,
    triggers: triggers === null ? null : triggers.value,
    classifier: classifier === null ? null : classifier.value,
    policy: policy.value,
    playbook: playbook === null ? null : playbook.value,
    toggles: toggles.value,
  });
}
