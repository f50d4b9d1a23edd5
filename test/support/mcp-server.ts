/**
 * A help desk behind the official MCP server over streamable HTTP, on localhost. It counts the tickets that it opened, by their requestId.
 * What goes wrong is told beforehand, for the next messages of a method in order.
 */
import { Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Tool } from "../../executors/adapters/mcp-messages.ts";

/** before: the tool does not run. after: it runs, and then the answer goes wrong. `expire`: all sessions end, and the message meets that. */
export type McpFault =
  | "cut-before"
  | "cut-after"
  | "cut-in-stream"
  | "stall-after"
  | "open-stream"
  | "500-before"
  | "400"
  | "expire";

export type McpServer = {
  readonly origin: string;
  /** Tickets by requestId, or by title where there is none. */
  readonly tickets: ReadonlyMap<string, number>;
  /** Methods of the messages that came in. */
  readonly methods: string[];
  /** What it lists. */
  readonly list: (...tools: readonly Tool[]) => void;
  readonly plan: (method: string, ...faults: readonly McpFault[]) => void;
  /** What the tool answers from now on. */
  readonly answer: (text: string, isError?: boolean) => void;
  readonly json: (on: boolean) => void;
  readonly close: () => void;
};

export async function startMcpServer(...first: readonly Tool[]): Promise<McpServer> {
  let tools = first;
  let said = { text: "opened", isError: false };
  let asJson = false;
  const tickets = new Map<string, number>();
  const methods: string[] = [];
  const faults = new Map<string, McpFault[]>();
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();

  const open = async (): Promise<WebStandardStreamableHTTPServerTransport> => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      enableJsonResponse: asJson,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    const server = new Server({ name: "desk", version: "1.0.0" }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/list", async () => ({ tools: tools as never }));
    server.setRequestHandler("tools/call", async ({ params }) => {
      const { requestId, title } = (params.arguments ?? {}) as { requestId?: string; title: string };
      const key = requestId ?? title;
      // It keeps keys: the same one opens one ticket.
      if (!said.isError && (requestId === undefined || !tickets.has(key)))
        tickets.set(key, (tickets.get(key) ?? 0) + 1);
      return { content: [{ type: "text" as const, text: said.text }], isError: said.isError };
    });
    await server.connect(transport);
    return transport;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method } = JSON.parse(body || "{}") as { method?: string };
    methods.push(method ?? "");
    const fault = faults.get(method ?? "")?.shift();
    if (fault === "cut-before") return void request.socket.resetAndDestroy();
    if (fault === "500-before") return void response.writeHead(500).end();
    if (fault === "400") return void response.writeHead(400).end();
    if (fault === "expire") transports.clear();
    const session = request.headers["mcp-session-id"] as string | undefined;
    const transport = session === undefined ? await open() : transports.get(session);
    if (transport === undefined) return void response.writeHead(404).end();
    const answer = await transport.handleRequest(
      new Request(`http://localhost${request.url}`, {
        method: request.method!,
        headers: request.headers as Record<string, string>,
        ...(body === "" ? {} : { body }),
      }),
    );
    if (fault === "cut-after") {
      await answer.text();
      return void request.socket.resetAndDestroy();
    }
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    const text = await answer.text();
    if (fault === "stall-after") return void response.write(": working\n\n");
    if (fault === "cut-in-stream") return void response.write(text.slice(0, 10), () => request.socket.destroy());
    if (fault === "open-stream")
      return void response.write(
        `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n${text}`,
      );
    response.end(text);
  };

  const server = createServer(
    (request, response) => void handle(request, response).catch(() => request.socket.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    tickets,
    methods,
    list: (...next) => void (tools = next),
    plan: (method, ...next) => void faults.set(method, [...next]),
    answer: (text, isError = false) => void (said = { text, isError }),
    json: (on) => {
      if (asJson !== on) transports.clear();
      asJson = on;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
