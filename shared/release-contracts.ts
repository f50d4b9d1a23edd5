/**
 * The contracts of one release beside those of the release that it would follow: which changes break whoever relies on them, and whether
 * the version says so.
 *
 * V1  A change that breaks somebody needs a greater major version: of the release (`contractVersion`) for its input, of the capability
 *     for its arguments and results. Under major version 0 nothing is promised.
 * A capability that leaves the release breaks no contract: which capabilities there are is not what a contract says.
 */
import type { CapabilityContract } from "./capability.ts";
import { contractBreaks } from "./contract-breaks.ts";
import type { JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import type { ReleaseBundle } from "./release.ts";
import { err, ok, type Result } from "./result.ts";

/** What a release has whose automation names no version. */
export const FIRST_CONTRACT_VERSION = "1.0.0";

/** One contract that changed: `breaks` are sentences. */
type Changed = {
  readonly contract: string;
  readonly from: string;
  readonly to: string;
  readonly breaks: readonly string[];
};

/**
 * What breaks, sentence by sentence, under major versions that allow it. Refuses with contract-breaking where one does not;
 * `facts.changes` has the sentences.
 */
export function followsOn(before: ReleaseBundle, after: ReleaseBundle): Result<readonly string[]> {
  const changed = [inputOf(before, after), ...capabilitiesOf(before, after)].filter(({ breaks }) => breaks.length > 0);
  const sentences = changed.flatMap(({ contract, breaks }) => breaks.map((one) => `${contract}: ${one}`));
  const held = changed.filter(({ from, to }) => majorOf(from) > 0 && majorOf(to) <= majorOf(from));
  const [first] = held;
  if (first === undefined) return ok(sentences.slice(0, LIMITS.contractChangesNamed));
  const changes = held.flatMap(({ contract, breaks }) => breaks.map((one) => `${contract}: ${one}`));
  const needed = `${majorOf(first.from) + 1}.0.0`;
  return err(
    problem(
      "contract-breaking",
      `${first.contract}: version ${first.to} breaks what ${first.from}, which is in force, promises; it needs version ${needed}: ${changes.slice(0, LIMITS.violationsNamed).join("; ")}`,
      {
        contract: first.contract,
        from: first.from,
        to: first.to,
        changes: changes.slice(0, LIMITS.contractChangesNamed),
      },
    ),
  );
}

const majorOf = (version: string): number => Number(version.split(".")[0]);

const inputOf = (before: ReleaseBundle, after: ReleaseBundle): Changed => ({
  contract: "input",
  from: before.contractVersion ?? FIRST_CONTRACT_VERSION,
  to: after.contractVersion ?? FIRST_CONTRACT_VERSION,
  breaks: contractBreaks(before.input as JsonObject, after.input as JsonObject, "input"),
});

const RESULTS = ["output", "preview", "observe"] as const;

function capabilitiesOf(before: ReleaseBundle, after: ReleaseBundle): Changed[] {
  return Object.entries(after.capabilities).flatMap(([name, to]) => {
    const from = before.capabilities[name];
    return from === undefined
      ? []
      : [{ contract: name, from: from.version, to: to.version, breaks: breaksOf(from, to) }];
  });
}

function breaksOf(from: CapabilityContract, to: CapabilityContract): string[] {
  const results = RESULTS.flatMap((part) => {
    const [had, has] = [from[part], to[part]];
    if (had === undefined) return [];
    if (has === undefined) return [`${part} is gone`];
    return contractBreaks(had, has, "result").map((one) => `${part}: ${one}`);
  });
  return [...contractBreaks(from.input, to.input, "input").map((one) => `input: ${one}`), ...results];
}
