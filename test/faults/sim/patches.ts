/**
 * Changes of the product's sources while they are loaded, in this thread, before anything of them is imported: what makes many runs cheap,
 * and the bugs that are planted to see that the simulator finds them. None of it stands in the product.
 */
import { registerHooks } from "node:module";

/** In a file, exactly one occurrence of a text becomes another. */
export type Patch = { readonly file: string; readonly from: string | RegExp; readonly to: string };

/** The same releases are compiled by every object of every run; and nothing of the read models is checked here. */
const CHEAP: readonly Patch[] = [
  {
    file: "shared/compiled-release.ts",
    from: "export function compileRelease(text: string): Result<CompiledRelease> {",
    to: `const compiledByText = new Map<string, Result<CompiledRelease>>();
export function compileRelease(text: string): Result<CompiledRelease> {
  const known = compiledByText.get(text) ?? compileAnew(text);
  compiledByText.set(text, known);
  return known;
}
function compileAnew(text: string): Result<CompiledRelease> {`,
  },
  { file: "ledger/read-models/index.ts", from: /(?<=PROJECTORS = )\[[^\]]*\]/, to: "[]" },
];

export function installPatches(planted: readonly Patch[] = []): void {
  const patches = [...CHEAP, ...planted];
  const applied = new Set<Patch>();
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const mine = patches.filter(({ file }) => url.endsWith(`/${file}`));
      if (mine.length === 0) return loaded;
      let source = loaded.source?.toString() ?? "";
      for (const patch of mine) {
        if (source.split(patch.from).length !== 2)
          throw new Error(`${patch.file} does not contain exactly once: ${String(patch.from)}`);
        source = source.replace(patch.from, () => patch.to);
        applied.add(patch);
      }
      return { ...loaded, source };
    },
  });
  unapplied = () => patches.filter((patch) => !applied.has(patch)).map(({ file }) => file);
}

/** Files of patches that were never loaded: a planted bug that is not there proves nothing. */
export let unapplied = (): string[] => [];
