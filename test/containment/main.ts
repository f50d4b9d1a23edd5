/** `npm run containment`: all pairs and variants on both roads, and all honest tasks under each guard. Fails where an attack gets through. */
import { agentsFolder, readSuite, SUITES } from "./data.ts";
import { ALL_ROLES, GUARDS } from "./guard.ts";
import { type Attacked, type Honest, Play } from "./play.ts";
import { attackTable, honestTable, worst } from "./table.ts";

const folder = agentsFolder();
if (folder === null) {
  console.log("containment: skipped, because ../shared/data/agents is absent");
  process.exit(0);
}
const started = Date.now();
let failed = false;
for (const name of SUITES) {
  const data = readSuite(folder, name);
  console.log(`\n# ${name}: ${data.users.length} honest tasks, ${data.pairs.length} pairs\n`);
  const honest: [string, Honest[]][] = [];
  const attacked: [string, Attacked[]][] = [];
  for (const guard of GUARDS) {
    const play = new Play(name, data, guard);
    const tasks: Honest[] = [];
    const attacks: Attacked[] = [];
    for (const user of data.users) {
      tasks.push(await play.honest(user));
      attacks.push(
        ...(await play.pairs(
          user,
          data.pairs.filter((pair) => pair.user === user),
        )),
      );
      attacks.push(...(await play.variants(user)));
    }
    for (const injection of data.injections) attacks.push(...(await play.rewritten(data.users[0]!, injection)));
    honest.push([guard.name, tasks]);
    attacked.push([guard.name, attacks]);
    const faults = tasks.flatMap((task) => task.faults.map((fault) => `${task.task}: ${fault}`));
    const through = guard === ALL_ROLES ? worst(attacks) : [];
    failed ||= faults.length > 0 || through.length > 0;
    for (const line of [...faults, ...through]) console.log(`FAILED  ${line}`);
  }
  console.log(`${honestTable(honest)}\n\n${attackTable(attacked)}`);
}
console.log(`\n${failed ? "FAILED" : "contained"} in ${((Date.now() - started) / 1_000).toFixed(1)} s`);
process.exit(failed ? 1 : 0);
