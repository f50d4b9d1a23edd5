/** After a restore of the ledger's database two people let the log go on: `countersign epoch new|sign|apply` (cli/two-admins.ts). */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Epoch } from "../../shared/epoch.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { dim, green, line, yellow } from "../output.ts";
import { claimedSize } from "../record/download.ts";
import { fileOf, makeStatement, newArguments, readStatement, signCommand, type Kind } from "../two-admins.ts";

const KIND: Kind<Epoch> = {
  name: "epoch",
  article: "an",
  prefix: "epo_",
  payloadType: PAYLOAD_TYPES.epoch,
  schema: Epoch,
  idOf: ({ epoch }) => epoch,
  words: ({ epoch, old, new: next, reason }) => [
    `${epoch}: ${line(reason)}`,
    `The log that ended had ${claimedSize(old)} entries. It goes on from ${claimedSize(next)} entries:`,
    ...next
      .split("\n")
      .slice(0, 3)
      .map((text) => `  ${line(text)}`),
  ],
};

export const epochNew: Command = {
  name: "epoch new",
  summary:
    "Says from which checkpoint a restored log goes on, signs it, and writes it to a file for the second signature.",
  args: {
    ...newArguments(KIND),
    old: {
      type: "string",
      valueHint: "FILE",
      description: "The newest checkpoint of the log that ended, as a note; else the largest that an executor saw",
    },
  },
  examples: [`countersign epoch new --reason "database restored to 09:40 after incident 7" --out epoch.json`],
  run: (call) =>
    makeStatement(call, KIND, async (client, { id, ...frame }) => {
      const witnesses = await client.witnesses();
      if (!witnesses.ok) return witnesses;
      const next = await client.checkpoint(frame.tenant);
      if (!next.ok) return next;
      const named = call.args.text("old");
      const seen = witnesses.value.witnesses.flatMap(({ checkpoint }) => (checkpoint === null ? [] : [checkpoint]));
      const old =
        named === undefined
          ? seen.toSorted((a, b) => claimedSize(b) - claimedSize(a))[0]
          : readFileSync(path.resolve(call.platform.folder, named), "utf8");
      if (old === undefined)
        return err(problem("not-found", "No executor has seen a checkpoint: name the newest one with --old."));
      const told = { oldSize: claimedSize(old), newSize: claimedSize(next.value) };
      return ok({ payload: { ...frame, epoch: id, old, new: next.value }, told });
    }),
};

export const epochSign = signCommand(KIND);

export const epochApply: Command = {
  name: "epoch apply",
  summary: "Lets the log go on as two people signed: it becomes an entry, and the executors' alarms end.",
  args: { file: fileOf(KIND) },
  examples: ["countersign epoch apply epoch.json"],
  run: async (call) => {
    const read = readStatement(call, KIND);
    if (!read.ok) return read;
    const client = call.client("admin");
    if (!client.ok) return client;
    const applied = await client.value.applyEpoch(read.value.signed);
    if (!applied.ok) return applied;
    const { epoch, number, index, accepted, refused, incomplete } = applied.value;
    return ok({
      json: applied.value,
      text: [
        `${green(`epoch ${number}`)} stands in the log as entry ${index}  ${dim(epoch)}`,
        `Accepted by ${accepted.length} executors; what the log lost is delivered again.`,
        ...refused.map(({ executor, code, detail }) => yellow(`${executor} refused: ${code}: ${line(detail)}`)),
        ...(incomplete.length === 0
          ? []
          : [yellow(`No answer from ${incomplete.join(", ")}: repeat the command until nobody is missing.`)]),
      ].join("\n"),
    });
  },
};
