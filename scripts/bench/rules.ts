/** What 1,000 policy rules cost of which 5 speak of the capability at hand, beside those 5 alone: one decision, as both planes make it. */
import { compileRelease, type CompiledRelease } from "../../shared/compiled-release.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { decideStep } from "../../shared/facts.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { loadAutomation } from "../load-automation.ts";

const APPLYING = 5;
const MANY = 1_000;
const DECISIONS = 20_000;
const ROUNDS = 7;

/** Microseconds of one decision with few and with many rules: medians over interleaved rounds. */
export function measureRules(): { readonly few: number; readonly many: number } {
  const few = releaseWith(APPLYING);
  const many = releaseWith(MANY);
  const measured = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    measured.few.push(microsOf(few));
    measured.many.push(microsOf(many));
  }
  return { few: median(measured.few.slice(1)), many: median(measured.many.slice(1)) };
}

function releaseWith(rules: number): CompiledRelease {
  const loaded = loadAutomation("notes");
  if (!loaded.ok) throw new Error(loaded.problem.detail);
  const bundle: ReleaseBundle = {
    ...loaded.value.bundle,
    policy: {
      default: "deny",
      rules: Array.from({ length: rules }, (_, i) => ({
        id: `rule-${i}`,
        when: `capability.name == "${i < APPLYING ? "journal.note" : `other.capability_${i}`}" && size(args.text) < ${500 + i}`,
        then: "allow" as const,
      })),
    },
  };
  const compiled = compileRelease(canonicalize(bundle));
  if (!compiled.ok) throw new Error(compiled.problem.detail);
  return compiled.value;
}

function microsOf(release: CompiledRelease): number {
  const task = {
    task: "tsk_eu_0_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    region: "eu",
    input: { text: "a short text" },
    purpose: null,
    principal: { key: "key_bench", role: "app", member: null, sod: "not-evaluable" },
  } as const;
  const step = {
    round: 1,
    planner: "playbook",
    agent: "playbook",
    capability: "journal.note",
    args: { text: "a short text" },
    provenance: { text: "principal" },
    claimedConfidence: null,
  } as const;
  const startMs = performance.now();
  for (let i = 0; i < DECISIONS; i++)
    if (
      decideStep(release, task, step, { args: true, preview: false, results: false }, 1_790_000_000_000).answer !==
      "allow"
    )
      throw new Error("the rules do not apply");
  return ((performance.now() - startMs) * 1_000) / DECISIONS;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
