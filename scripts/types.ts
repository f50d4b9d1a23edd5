/**
 * `npm run types [-- --check]`: the types of each Worker's bindings, from its wrangler.toml into its `env.d.ts`.
 * Each Worker gets its own: one command for all would merge their environments.
 */
import { binary, WORKERS, wranglerEnvironment } from "./lib/project.ts";
import { reasonIn, run } from "./lib/run.ts";

const check = process.argv.includes("--check");

for (const { folder, config } of WORKERS) {
  const file = `${folder}/env.d.ts`;
  const args = [
    "types",
    "-c",
    config,
    "--include-runtime=false",
    "--strict-vars=false",
    ...(check ? ["--check"] : []),
    file,
  ];
  const { code, output } = await run(binary("wrangler"), args, { env: wranglerEnvironment() });
  if (code === 0) continue;
  console.error(`${file}: ${check ? "not what its wrangler.toml says; run npm run types" : reasonIn(output)}`);
  process.exitCode = 1;
}
