/** `countersign subjects show|erase|consent`: what is held about a person, erasing it, and their word on a purpose. */
import type { SubjectErased, SubjectView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, dim, green, line, red, table, yellow } from "../output.ts";

const subject = { type: "positional", description: "The person's id, kind:id" } as const;

export const subjectsShow: Command = {
  name: "subjects show",
  summary: "Says what is held about a person: tasks, words on purposes, erasures.",
  args: { subject },
  examples: ["countersign subjects show customer:C42"],
  run: async (call) => {
    const client = call.client("auditor", "admin");
    if (!client.ok) return client;
    const read = await client.value.readSubject(call.args.text("subject")!);
    return read.ok ? ok({ json: read.value, text: shown(read.value) }) : read;
  },
};

export const subjectsErase: Command = {
  name: "subjects erase",
  summary: "Erases a person: their keys are destroyed in every executor. Says what had left before.",
  args: {
    subject,
    request: { type: "string", valueHint: "KEY", description: "Repeats an erasure that is not done" },
  },
  examples: ["countersign subjects erase customer:C42"],
  run: async (call) => {
    const client = call.client("admin");
    if (!client.ok) return client;
    const id = call.args.text("subject")!;
    const request = call.args.text("request") ?? `cli-${call.platform.nowMs()}`;
    const erased = await client.value.eraseSubject(id, request);
    return erased.ok ? ok({ json: erased.value, text: erasedText(id, request, erased.value) }) : erased;
  },
};

export const subjectsConsent: Command = {
  name: "subjects consent",
  summary: "Records a person's consent to a purpose, or with --withdraw that it was taken back.",
  args: {
    subject,
    purpose: { type: "positional", description: "The purpose, as intents name it" },
    withdraw: { type: "boolean", description: "Consent was withdrawn: nothing more is done for this purpose" },
    evidence: { type: "string", description: "Where the proof is kept" },
  },
  examples: [
    "countersign subjects consent customer:C42 customer-service --evidence form-2026-17",
    "countersign subjects consent customer:C42 marketing --withdraw",
  ],
  run: async (call) => {
    const [id, purpose] = [call.args.text("subject"), call.args.text("purpose")];
    if (id === undefined || purpose === undefined) throw new UsageError("Name the person and the purpose.");
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const given = !call.args.flag("withdraw");
    const evidence = call.args.text("evidence");
    const recorded = await client.value.recordConsent(id, purpose, {
      given,
      ...(evidence === undefined ? {} : { evidence }),
    });
    if (!recorded.ok) return recorded;
    const { alreadyClaimed, incomplete } = recorded.value;
    return ok({
      json: recorded.value,
      text: [
        `${given ? green("consents") : red("withdrawn")} ${line(id)} ${line(purpose)}`,
        ...(alreadyClaimed.length === 0
          ? []
          : [
              `Already claimed, and may still happen:\n${table(
                alreadyClaimed.map(({ task, step, action, since }) => [task, line(step), action, `since ${since}`]),
                "  ",
              )}`,
            ]),
        ...missing(incomplete),
      ].join("\n"),
    });
  },
};

const shown = ({ held, tasks, open, consents, erasures, incomplete }: SubjectView): string =>
  [
    held ? `${bold(String(tasks))} tasks, ${open} of them open` : "Nothing is held.",
    ...consents.map(
      ({ purpose, given, at, evidence, everywhere }) =>
        `${given ? green("consents") : red("withdrawn")} ${line(purpose)}  ${dim(`${at}${evidence === null ? "" : `, ${line(evidence)}`}${everywhere ? "" : ", not everywhere"}`)}`,
    ),
    ...erasures.map(
      ({ erasure, at, tasks: count, remaining, done }) =>
        `${done ? green("erased") : yellow("erasing")} ${erasure}  ${dim(`${at}, ${count} tasks, ${remaining} remaining`)}`,
    ),
    ...missing(incomplete),
  ].join("\n");

const erasedText = (
  id: string,
  request: string,
  { done, tasks, remaining, memory, underWay, left, copiesExpireAt, incomplete }: SubjectErased,
): string =>
  [
    `${done ? green("erased") : yellow("not erased everywhere")} ${line(id)}: ${tasks} tasks, ${remaining} remaining, ${memory === null ? "memory did not answer" : `${memory} items of memory`}`,
    ...(underWay.length === 0
      ? []
      : [
          `Under way, and may still happen:\n${table(
            underWay.map(({ task, step, capability }) => [task, line(step), line(capability)]),
            "  ",
          )}`,
        ]),
    bold("Had left before"),
    ...left.actions.map(({ capability, delivery, count }) => `  ${count} × ${line(capability)}  ${dim(delivery)}`),
    ...left.agents.map(({ agent, tasks: count }) => `  read by agent ${line(agent)} in ${count} tasks`),
    ...left.readers.map(({ member, tasks: count }) => `  shown to ${line(member)} in ${count} tasks`),
    ...left.unrecorded.map((words) => dim(`  ${words}`)),
    `Point-in-time copies of the platform expire by ${copiesExpireAt}.`,
    ...missing(incomplete),
    ...(done ? [] : [`Repeat: countersign subjects erase ${line(id)} --request ${line(request)}`]),
  ].join("\n");

const missing = (incomplete: readonly string[]): string[] =>
  incomplete.length === 0
    ? []
    : [yellow(`No answer from ${incomplete.join(", ")}: repeat the command until nobody is missing.`)];
