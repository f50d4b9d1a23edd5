/** `countersign jobs [NAME]`: the reconciliation jobs and their last runs; with a name, a run now. */
import type { JobRunView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { bold, dim, green, line, table, time, yellow } from "../output.ts";

const said = ({ looked, found, repaired, error, left }: JobRunView): string => {
  const goesOn = left === null ? "" : `, goes on in ${left.region} from ${time(left.from)} UTC`;
  const text = `looked at ${looked}, found ${found}, repaired ${repaired}${goesOn}`;
  if (error !== null) return yellow(`${text}; not whole: ${error}`);
  return found > repaired ? yellow(text) : green(text);
};
const names = ({ named }: JobRunView): string[] => named.map((one) => `  ${line(one)}`);

export const jobs: Command = {
  name: "jobs",
  summary: "Shows the reconciliation jobs and their last runs, or runs one now.",
  args: { run: { type: "string", valueHint: "NAME", description: "Run this job now and say what it found" } },
  examples: ["countersign jobs", "countersign jobs --run outboxes"],
  run: async (call) => {
    const name = call.args.text("run");
    if (name !== undefined) {
      const client = call.client("operator", "admin");
      if (!client.ok) return client;
      const run = await client.value.runJob(name);
      if (!run.ok) return run;
      return ok({ json: run.value, text: [`${bold(line(name))}  ${said(run.value)}`, ...names(run.value)].join("\n") });
    }
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const page = await client.value.listJobs();
    if (!page.ok) return page;
    const rows = page.value.jobs.map(({ name: job, cron, runs }) => {
      const [last] = runs;
      return [
        bold(job),
        dim(cron),
        last === undefined ? dim("never ran") : `${time(last.startedAt)} UTC`,
        last === undefined ? "" : said(last),
      ];
    });
    const named = page.value.jobs.flatMap(({ runs }) => (runs[0] === undefined ? [] : names(runs[0])));
    return ok({ json: page.value, text: [table(rows), ...named].join("\n") });
  },
};
