/** The wrangler configurations as wrangler itself reads them, each named environment of a file on its own. */
import { readFileSync } from "node:fs";
import { unstable_readConfig, type Unstable_Config } from "wrangler";

export type WorkerConfig = {
  /** The file, and the environment where it is a named one: what a message names. */
  readonly source: string;
  /** The Worker's name without an environment. */
  readonly name: string;
  readonly config: Unstable_Config;
};

/** Reads configurations. @param files paths of wrangler.toml files @throws what wrangler throws at a malformed one */
export const readWorkerConfigs = (files: readonly string[]): readonly WorkerConfig[] =>
  files.flatMap((file) =>
    [undefined, ...environmentsIn(file)].map((env) => {
      const config = unstable_readConfig(env === undefined ? { config: file } : { config: file, env }, {
        hideWarnings: true,
      });
      return {
        source: env === undefined ? file : `${file} [env.${env}]`,
        name: config.topLevelName ?? config.name ?? file,
        config,
      };
    }),
  );

/** Names of the environments that a file declares. */
function environmentsIn(file: string): readonly string[] {
  const headings = readFileSync(file, "utf8").matchAll(/^\s*\[+\s*env\s*\.\s*["']?([\w-]+)/gm);
  return [...new Set([...headings].map((heading) => heading[1]!))];
}

/** Other Workers that a Worker's bindings name; itself left out. */
export const boundWorkers = ({ name, config }: WorkerConfig): readonly string[] =>
  [
    ...(config.services ?? []).map((binding) => binding.service),
    ...config.durable_objects.bindings.map((binding) => binding.script_name),
    ...config.workflows.map((binding) => binding.script_name),
    ...(config.tail_consumers ?? []).map((consumer) => consumer.service),
  ].filter((worker) => worker !== undefined && worker !== name) as string[];
