/**
 * Releases under which past tasks are decided again, compiled once for each digest. Apart from those that new work is decided under, so that
 * looking back neither fills nor empties what the hot path uses.
 */
import { compileRelease, releaseDigest, type CompiledRelease } from "../shared/compiled-release.ts";
import { digestCache } from "../shared/digest-cache.ts";
import { LIMITS } from "../shared/limits.ts";
import { problem } from "../shared/problems.ts";
import { err, type Result } from "../shared/result.ts";

/** What an executor holds of releases. */
export type HeldReleases = {
  /** Ready to decide, where new work uses it. */
  readonly ready: (digest: string) => CompiledRelease | undefined;
  /** Its text; null where this executor does not hold it. */
  readonly bundleOf: (digest: string) => string | null;
};
export type ReplayReleases = {
  /** A release that the executor holds. Errors: release-needed, those of a bundle. */
  readonly held: (held: HeldReleases, digest: string) => Result<CompiledRelease>;
  /** Any bundle, by what its text says. Errors: those of a bundle. */
  readonly given: (bundle: string) => Result<CompiledRelease>;
};

export function replayReleases(compile: typeof compileRelease = compileRelease): ReplayReleases {
  const cached = digestCache<CompiledRelease>(LIMITS.replayReleases);
  return {
    held: ({ ready, bundleOf }, digest) =>
      cached(digest, () => {
        const known = ready(digest);
        if (known !== undefined) return { ok: true, value: known };
        const bundle = bundleOf(digest);
        return bundle === null
          ? err(problem("release-needed", "This executor does not hold the release.", { release: digest }))
          : compile(bundle);
      }),
    given: (bundle) => cached(releaseDigest(bundle), () => compile(bundle)),
  };
}
