/** After the storage of one executor went back two people let it go on: `countersign rewind new|sign|apply` (cli/two-admins.ts). */
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { ok } from "../../shared/result.ts";
import { Rewind } from "../../shared/rewind.ts";
import type { Command } from "../command.ts";
import { dim, green, line } from "../output.ts";
import { fileOf, makeStatement, newArguments, readStatement, signCommand, type Kind } from "../two-admins.ts";

const KIND: Kind<Rewind> = {
  name: "rewind",
  article: "a",
  prefix: "rwd_",
  payloadType: PAYLOAD_TYPES.rewind,
  schema: Rewind,
  idOf: ({ rewind }) => rewind,
  words: ({ rewind, executor, kept, ledger, reason }) => [
    `${rewind}: ${line(reason)}`,
    `${line(executor)} keeps its chain up to ${kept.seq} and takes what follows from the log, up to ${ledger.seq}:`,
    `  ${ledger.hash}`,
  ],
};

export const rewindNew: Command = {
  name: "rewind new",
  summary: "Says from where a restored executor goes on, signs it, and writes it to a file for the second signature.",
  args: {
    executor: { type: "positional", description: "The executor, as tenant/region/shard" },
    ...newArguments(KIND),
  },
  examples: [`countersign rewind new acme/eu/3 --reason "object restored to 09:40 after incident 8" --out rewind.json`],
  run: (call) =>
    makeStatement(call, KIND, async (client, { id, ...frame }) => {
      const found = await client.rewindOf(call.args.text("executor")!);
      if (!found.ok) return found;
      const { executor, kept, ledger } = found.value;
      const told = { executor, kept: kept.seq, ledger: ledger.seq };
      return ok({ payload: { ...frame, rewind: id, executor, kept, ledger }, told });
    }),
};

export const rewindSign = signCommand(KIND);

export const rewindApply: Command = {
  name: "rewind apply",
  summary:
    "Lets a restored executor go on as two people signed: it takes what it lost from the log, and its alarm ends.",
  args: { file: fileOf(KIND) },
  examples: ["countersign rewind apply rewind.json"],
  run: async (call) => {
    const read = readStatement(call, KIND);
    if (!read.ok) return read;
    const client = call.client("admin");
    if (!client.ok) return client;
    const applied = await client.value.applyRewind(read.value.signed);
    if (!applied.ok) return applied;
    const { executor, rewind, lost, setAside, tasks } = applied.value;
    return ok({
      json: applied.value,
      text: [
        `${green(executor)} goes on  ${dim(rewind)}`,
        `${lost} records came back from the log without their values; ${setAside} that it made since do not stand in its chain.`,
        `${tasks} tasks cannot go on and end; what is in doubt in them waits for a person: countersign reviews`,
      ].join("\n"),
    });
  },
};
