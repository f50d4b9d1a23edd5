/** `countersign toggles` and `countersign toggles set NAME VALUE`: feature toggles, who set them, and a change. */
import type { ToggleView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import { ToggleValue } from "../../shared/toggles.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, dim, line, table } from "../output.ts";

export const toggles: Command = {
  name: "toggles",
  summary: "Lists the feature toggles that hold, or with --history the newest changes.",
  args: { history: { type: "boolean", description: "Every change, the newest first, with who made it and why" } },
  examples: ["countersign toggles", "countersign toggles --history"],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const page = await client.value.toggles();
    if (!page.ok) return page;
    const shown = call.args.flag("history") ? page.value.history : page.value.toggles;
    return ok({
      json: page.value,
      text: shown.length === 0 ? dim("No toggle is set.") : table(shown.map((toggle) => row(toggle))),
    });
  },
};

export const togglesSet: Command = {
  name: "toggles set",
  summary: "Sets a feature toggle to true, false, a whole number or a short text. In force everywhere within a second.",
  args: {
    name: { type: "positional", description: "The toggle" },
    value: { type: "positional", description: "true, false, a whole number, or a text" },
    reason: { type: "string", description: "Why, for whoever reads the changes" },
    automation: { type: "string", valueHint: "NAME", description: "For this automation alone" },
    after: {
      type: "string",
      valueHint: "VERSION",
      description: "Only where this version holds; otherwise the one that holds now is followed",
    },
  },
  examples: [
    `countersign toggles set fastRefunds true --automation refunds --reason "pilot"`,
    `countersign toggles set models false --reason "the provider is down" --after 3`,
  ],
  run: async (call) => {
    const [name, text] = [call.args.required("name"), call.args.required("value")];
    const value = valueOf(text);
    const reason = call.args.required("reason");
    const client = call.client("operator", "admin");
    if (!client.ok) return client;
    const automation = call.args.text("automation");
    const page = await client.value.toggles();
    if (!page.ok) return page;
    const before = page.value.toggles.find((one) => one.name === name && one.automation === (automation ?? null));
    const set = await client.value.setToggle(name, {
      value,
      reason,
      after: call.args.count("after") ?? before?.version ?? 0,
      ...(automation === undefined ? {} : { automation }),
    });
    if (!set.ok) return set;
    const was = before === undefined ? dim("not set before") : dim(`was ${line(String(before.value))}`);
    return ok({ json: set.value, text: table([[...row(set.value), was]]) });
  },
};

/** `true` and `false` are booleans and digits a number; everything else is text. */
function valueOf(text: string): ToggleValue {
  const value = text === "true" ? true : text === "false" ? false : /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  const checked = ToggleValue.safeParse(value);
  if (!checked.success)
    throw new UsageError("The value is true, false, a whole number or a text of at most 200 characters.");
  return checked.data;
}

const row = ({ name, automation, version, value, by, reason, at }: ToggleView): string[] => [
  bold(line(name)),
  line(String(value)),
  automation === null ? dim("all automations") : line(automation),
  dim(`v${version} ${at.slice(0, 16).replace("T", " ")} ${line(by)}`),
  dim(line(reason)),
];
