/** `countersign memory list|set|find`: namespaces and items of memory, writing one, and a search. */
import type { MemoryItemView } from "../../shared/api/memory.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, dim, line, table, yellow } from "../output.ts";

const namespace = { type: "positional", description: "The namespace" } as const;

export const memoryList: Command = {
  name: "memory list",
  summary: "Lists the namespaces of memory, or the items of one.",
  args: { namespace: { ...namespace, required: false } },
  examples: ["countersign memory list", "countersign memory list glossary"],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const name = call.args.text("namespace");
    if (name !== undefined) {
      const page = await client.value.memoryItems(name);
      if (!page.ok) return page;
      const more = page.value.next === null ? [] : [dim(`more after ${page.value.next}`)];
      return ok({ json: page.value, text: [table(page.value.items.map((item) => row(item))), ...more].join("\n") });
    }
    const page = await client.value.memoryNamespaces();
    if (!page.ok) return page;
    const rows = page.value.namespaces.map(({ name: of, settings, embedding, items, stale }) => [
      bold(of),
      settings.tier,
      `${items} of ${settings.maxItems}`,
      dim(embedding),
      stale === 0 ? "" : yellow(`${stale} without a current vector`),
    ]);
    return ok({ json: page.value, text: rows.length === 0 ? dim("There are no namespaces.") : table(rows) });
  },
};

export const memorySet: Command = {
  name: "memory set",
  summary: "Writes an item of memory.",
  args: {
    namespace,
    key: { type: "positional", description: "The item" },
    text: { type: "positional", description: "Its text" },
    expect: { type: "string", valueHint: "VERSION", description: "Only where it is at this version; 0: only if new" },
    source: { type: "string", valueHint: "NAME", description: "Who says so" },
  },
  examples: ['countersign memory set glossary ledger "de: Hauptbuch, fr: grand livre" --expect 0'],
  run: async (call) => {
    const [name, key, text] = [call.args.text("namespace"), call.args.text("key"), call.args.text("text")];
    if (name === undefined || key === undefined || text === undefined)
      throw new UsageError("Name the namespace, the item and its text.");
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const [expect, source] = [call.args.count("expect"), call.args.text("source")];
    const written = await client.value.putMemory(name, key, {
      text,
      ...(expect === undefined ? {} : { expect }),
      ...(source === undefined ? {} : { source }),
    });
    return written.ok ? ok({ json: written.value, text: table([row(written.value)]) }) : written;
  },
};

export const memoryFind: Command = {
  name: "memory find",
  summary: "Searches a namespace of memory for the texts nearest to one.",
  args: { namespace, text: { type: "positional", description: "What to look for" } },
  examples: ['countersign memory find past "refunds in spring"'],
  run: async (call) => {
    const [name, text] = [call.args.text("namespace"), call.args.text("text")];
    if (name === undefined || text === undefined) throw new UsageError("Name the namespace and what to look for.");
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const found = await client.value.searchMemory(name, { text });
    if (!found.ok) return found;
    const rows = found.value.found.map((item) => [item.score.toFixed(3), ...row(item)]);
    return ok({ json: found.value, text: rows.length === 0 ? dim("Nothing is near.") : table(rows) });
  },
};

const row = ({ key, version, at, source, text }: MemoryItemView): string[] => [
  bold(line(key)),
  dim(`v${version} ${at.slice(0, 10)} ${source}`),
  line(text.slice(0, 80)),
];
