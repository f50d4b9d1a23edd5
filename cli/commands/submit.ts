/** `countersign submit AUTOMATION`: asks for something. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "../../shared/json.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { ok } from "../../shared/result.ts";
import type { Client } from "../../shared/client.ts";
import type { TaskView } from "../../shared/views.ts";
import type { Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, cyan } from "../output.ts";
import { status, taskText } from "../views/task.ts";

const DEFAULT_WAIT_SECONDS = 10;
/** How long one look at a task may take. */
const LOOK_SECONDS = 1;

export const submit: Command = {
  name: "submit",
  summary: "Submits an intent and prints the task that serves it.",
  args: {
    automation: { type: "positional", description: "Which automation to ask" },
    input: {
      type: "string",
      valueHint: "JSON|@FILE|-",
      description: "The input as JSON, in a file, or from standard input",
    },
    wait: {
      type: "string",
      valueHint: "SECONDS",
      description: "Wait so long for the task to settle (default 10, 0 for not at all)",
    },
    region: { type: "string", valueHint: "REGION", description: "Where to act; otherwise the automation's rule says" },
    "idempotency-key": { type: "string", valueHint: "KEY", description: "The same key and input give the same task" },
    "on-behalf-of": { type: "string", valueHint: "MEMBER", description: "The person who asks" },
    purpose: { type: "string", description: "Why, for the record" },
  },
  rest: "NAME=TEXT or NAME:=JSON",
  examples: [
    `countersign submit order-cancellation customerId=ada_lund_1815 orderId=#W2000001 reason="no longer needed" confirmed:=true`,
    `countersign submit customer-operations --input '{"customerId":"ada_lund_1815","request":"Please cancel #W2000001","confirmed":true}' --wait 20`,
    "countersign submit order-cancellation --input @intent.json --idempotency-key ticket-4711 --json",
  ],
  run: async (call) => {
    const { args } = call;
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const input = await inputOf(call);
    const optional = {
      region: args.text("region"),
      onBehalfOf: args.text("on-behalf-of"),
      purpose: args.text("purpose"),
    };
    const waitSeconds = args.count("wait") ?? DEFAULT_WAIT_SECONDS;
    const endMs = call.platform.nowMs() + waitSeconds * 1_000;
    const submitted = await client.value.submitIntent(
      {
        automation: args.text("automation")!,
        input,
        ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as {
          region?: string;
        }),
      },
      { waitSeconds, signal: call.platform.signal, ...keyOf(call) },
    );
    if (!submitted.ok) return submitted;
    const { task, status: now, view } = submitted.value;
    const shown = view ?? (await settledOrWaiting(call, client.value, task, endMs));
    return ok({
      json: { task, status: shown?.status ?? now, view: shown },
      text: [
        shown === null ? `${bold(task)}  ${status(now)}` : taskText(shown),
        ...(shown?.settled === true ? [] : ["", `  follow it: ${cyan(`countersign watch ${task}`)}`]),
      ].join("\n"),
    });
  },
};

/**
 * The task once it has settled or waits for a person, or when the time is over; null where it cannot be read.
 * Reading a task waits for people too, so it is asked in short turns: a person who has to approve should not wait for nothing.
 */
async function settledOrWaiting(
  { platform }: Call,
  client: Client,
  task: string,
  endMs: number,
): Promise<TaskView | null> {
  let look = await client.readTask(task);
  while (
    look.ok &&
    !look.value.settled &&
    look.value.status !== "waiting" &&
    platform.nowMs() < endMs &&
    !platform.signal.aborted
  )
    look = await client.readTask(task, { waitSeconds: LOOK_SECONDS, signal: platform.signal });
  return look.ok ? look.value : null;
}

const keyOf = ({ args }: Call): { idempotencyKey?: string } => {
  const key = args.text("idempotency-key");
  return key === undefined ? {} : { idempotencyKey: key };
};

/** The input of --input, with NAME=TEXT (a string) and NAME:=JSON on top. */
async function inputOf(call: Call): Promise<JsonObject> {
  const given = call.args.text("input");
  const input: Record<string, JsonObject[string]> = {
    ...(given === undefined ? {} : objectIn(await textOf(call, given), "--input")),
  };
  for (const pair of call.args.rest) {
    const match = /^([A-Za-z_][\w.-]*)(:?=)(.*)$/s.exec(pair);
    if (match === null) throw new UsageError(`"${pair}" is neither NAME=TEXT nor NAME:=JSON.`);
    const [, name, kind, value] = match as unknown as [string, string, string, string];
    input[name] = kind === "=" ? value : jsonOf(value, name);
  }
  return input;
}

async function textOf({ platform }: Call, given: string): Promise<string> {
  if (given === "-") return platform.readInput();
  if (!given.startsWith("@")) return given;
  try {
    return readFileSync(path.resolve(platform.folder, given.slice(1)), "utf8");
  } catch {
    throw new UsageError(`The file ${given.slice(1)} cannot be read.`);
  }
}

function jsonOf(text: string, name: string): JsonObject[string] {
  const parsed = parseStrictJson(text);
  if (!parsed.ok) throw new UsageError(`${name}: ${parsed.problem.detail}.`);
  return parsed.value;
}

function objectIn(text: string, name: string): JsonObject {
  const value = jsonOf(text, name);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new UsageError(`${name} is not a JSON object.`);
  return value as JsonObject;
}
