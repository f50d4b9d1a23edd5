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
  // One call of the platform instead of three, and its own base64: the same answers.
  {
    file: "shared/sha256.node.ts",
    from: /createHash\("sha256"\)\s*\.update\(.*\)\s*\.digest\(\)/,
    to: 'hash("sha256", typeof input === "string" ? utf8(input) : input, "buffer")',
  },
  { file: "shared/sha256.node.ts", from: "import { createHash }", to: "import { hash }" },
  {
    file: "shared/base64.ts",
    from: "export function encodeBase64(bytes: Uint8Array): string {",
    to: `export function encodeBase64(bytes: Uint8Array): string {
  if (bytes.length > 64) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");`,
  },
  {
    file: "shared/base64.ts",
    from: "export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {",
    to: `export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > 64) return new Uint8Array(Buffer.from(text, "base64"));`,
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
