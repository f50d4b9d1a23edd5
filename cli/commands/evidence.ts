/** `countersign evidence`: one page with a task or a period in it, which verifies itself without a network. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fromUtf8 } from "../../shared/bytes.ts";
import { makeEvidence, verifyEvidence, type Scope } from "../../shared/evidence/index.ts";
import { keyId } from "../../shared/keys.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Call, Command } from "../command.ts";
import { bundledPage } from "../evidence/html.ts";
import { EXIT, UsageError } from "../exits.ts";
import { bold, green, red } from "../output.ts";
import { claimedSize, DownloadFailed, readEntries } from "../record/download.ts";
import { openFolder } from "../record/folder.ts";
import { nothingPinned, resolveTrust } from "../record/trust.ts";

export const evidence: Command = {
  name: "evidence",
  summary:
    "Writes one page with a task or a period in it: entries, proofs, keys and the verifier. It opens without a network.",
  args: {
    task: { type: "positional", required: false, description: "The task; or give --from and --to" },
    from: { type: "string", valueHint: "DATE", description: "Tasks opened from then on (UTC, such as 2026-11-01)" },
    to: { type: "string", valueHint: "DATE", description: "… and before then" },
    out: { type: "string", valueHint: "FILE", description: "Where the page goes; else evidence-….html here" },
    dir: { type: "string", valueHint: "FOLDER", description: "Take it out of a download, without a network" },
    trust: { type: "string", valueHint: "FILE", description: "Pinned public keys (COUNTERSIGN_TRUST)" },
  },
  examples: [
    "countersign evidence tsk_eu_2_… --out case-4711.html",
    "countersign evidence --from 2026-11-01 --to 2026-12-01",
    "countersign evidence tsk_eu_2_… --dir record-2026-11 --trust trust.json",
  ],
  run: async (call) => {
    const scope = scopeOf(call);
    const pinned = call.settings.pinnedTrust();
    if (pinned === null) throw nothingPinned();
    const log = await openLog(call);
    if (!log.ok) return log;
    const { from, pinned: trust } = resolveTrust(pinned, log.value.tenant);
    const { tenant } = trust.anchor;
    try {
      const made = await makeEvidence({
        tenant,
        trust: pinned.trust,
        checkpoint: log.value.checkpoint,
        entries: log.value.entries,
        scope,
        nowMs: call.platform.nowMs(),
      });
      if (!made.ok) return made;
      const report = await verifyEvidence(made.value, trust);
      const file = path.resolve(call.platform.folder, call.args.text("out") ?? nameOf(scope));
      writeFileSync(file, await bundledPage(made.value));
      const rootKey = keyId(trust.anchor.rootKey);
      const failed = report.checks.filter(({ status }) => status === "failed").map(({ check }) => check);
      return ok({
        json: {
          file,
          verified: report.verified,
          failed,
          tasks: report.tasks.map(({ task }) => task),
          entries: made.value.entries.length,
          checkpoint: report.checkpoint,
          rootKey,
          trust: { from },
        },
        text: [
          `${bold("file")}      ${file}`,
          `${bold("holds")}     ${report.tasks.length} tasks in ${made.value.entries.length} entries of ${report.checkpoint?.size ?? 0}`,
          `${bold("root key")}  ${rootKey}`,
          report.verified
            ? green("It verifies. Tell the root key to whoever reads it by another way than the file.")
            : red(`It does NOT verify: ${failed.join(", ")}.`),
        ].join("\n"),
        exit: report.verified ? EXIT.ok : EXIT.verification,
      });
    } catch (error) {
      if (error instanceof DownloadFailed) return err(error.problem);
      throw error;
    }
  },
};

type Log = {
  readonly tenant: string | null;
  readonly checkpoint: string;
  readonly entries: AsyncIterable<Uint8Array>;
};

async function openLog(call: Call): Promise<Result<Log>> {
  const dir = call.args.text("dir");
  if (dir !== undefined) {
    const { tenant, checkpoint, entries } = openFolder(path.resolve(call.platform.folder, dir));
    const note = typeof checkpoint === "string" ? checkpoint : fromUtf8(checkpoint);
    return note === null
      ? err(problem("note-malformed", "The checkpoint of the download is not text."))
      : ok({ tenant: call.settings.tenant ?? tenant, checkpoint: note, entries });
  }
  const client = call.client("auditor", "admin");
  if (!client.ok) return client;
  const tenant = await call.tenant(client.value);
  if (!tenant.ok) return tenant;
  const checkpoint = await client.value.checkpoint(tenant.value);
  if (!checkpoint.ok) return checkpoint;
  const entries = readEntries(client.value, claimedSize(checkpoint.value));
  return ok({ tenant: tenant.value, checkpoint: checkpoint.value, entries });
}

function scopeOf(call: Call): Scope {
  const [task, from, to] = ["task", "from", "to"].map((name) => call.args.text(name));
  if (task !== undefined && from === undefined && to === undefined) return { kind: "task", task };
  if (task !== undefined || from === undefined || to === undefined)
    throw new UsageError("Give a task, or --from and --to.");
  const scope = { kind: "period", fromMs: timeOf(from), toMs: timeOf(to) } as const;
  if (scope.fromMs >= scope.toMs) throw new UsageError("--from comes before --to.");
  return scope;
}

/** A date is its first moment in UTC. */
function timeOf(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError(`${text} is no date such as 2026-11-01 or 2026-11-01T12:00:00Z.`);
  return ms;
}

const nameOf = (scope: Scope): string =>
  scope.kind === "task"
    ? `evidence-${scope.task}.html`
    : `evidence-${[scope.fromMs, scope.toMs].map((ms) => new Date(ms).toISOString().slice(0, 10)).join("-to-")}.html`;
