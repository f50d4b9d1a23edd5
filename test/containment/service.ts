/** The target of both suites as an outside system: it answers reads from a task's environment and writes down each effect that reaches it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { JsonObject } from "../../shared/json.ts";
import { banking } from "./banking.ts";
import { Target, type Tool } from "./tool.ts";
import { workspace } from "./workspace.ts";

const tools: ReadonlyMap<string, Tool> = new Map([...banking, ...workspace].map((tool) => [tool.name, tool]));

export type Service = {
  /** `http://localhost:PORT`. */
  readonly origin: string;
  readonly target: Target;
  readonly close: () => Promise<void>;
};

export async function startService(): Promise<Service> {
  // A task that an agent opens reads before anybody knows its name.
  const target = new Target({ bank_account: { balance: 0 } });
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const url = new URL(request.url!, "http://localhost");
    const [, task, capability] = url.pathname.split("/").map(decodeURIComponent) as [string, string, string];
    const { read } = tools.get(capability)!;
    const asked = request.method === "GET" ? (JSON.parse(url.searchParams.get("args")!) as JsonObject) : null;
    // Whatever is sent to a tool that writes counts, however it was sent.
    if (read === undefined) target.effects.push({ task, capability, args: JSON.parse(body || "{}") as JsonObject });
    const answer = read === undefined ? { done: true } : read(target.environmentOf(task), asked);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    target,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
