/** A Worker of the tests bundled and started alone, with or without a gate in front of everything that leaves it. */
import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type Response as MiniflareResponse } from "miniflare";
import { inRoot } from "../../scripts/lib/project.ts";

export type Started = {
  readonly ask: (body: unknown) => Promise<any>;
  readonly stop: () => Promise<void>;
};

/** @param outside answers everything that leaves the Worker; real connections where absent */
export async function startProbe(
  entry: string,
  outside?: (request: Request) => Promise<MiniflareResponse> | MiniflareResponse,
): Promise<Started> {
  const { outputFiles } = await build({
    entryPoints: [inRoot(entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      workers: [
        {
          name: "probe",
          modules: [{ type: "ESModule", path: "index.mjs", contents: outputFiles[0]!.text }],
          compatibilityDate: "2026-10-01",
          ...(outside === undefined ? {} : { outboundService: outside as never }),
        },
      ],
    }),
  );
  await miniflare.ready;
  return {
    ask: async (body) => {
      const answer = await miniflare.dispatchFetch("http://probe/", { method: "POST", body: JSON.stringify(body) });
      const text = await answer.text();
      try {
        return JSON.parse(text);
      } catch {
        throw new Error(`the probe answered ${answer.status}: ${text.slice(0, 500)}`);
      }
    },
    stop: () => miniflare.dispose(),
  };
}
