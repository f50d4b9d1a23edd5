/**
 * A model provider: a real HTTP server on localhost that speaks the OpenAI-compatible calls (`/v1/chat/completions` with tools and structured
 * output, `/v1/embeddings`). What it answers is told beforehand, one answer for each call in order; then `otherwise` answers. It can stall,
 * cut the connection, rate-limit, fail, and lie: text that is no JSON, tools that nobody offered, usage that is missing or nonsense.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** `stall` never answers, `cut` ends the connection, `cut-in-answer` in the middle of the body. */
export type ModelFault = "stall" | "cut" | "cut-in-answer" | "rate-limit" | "500" | "not-json" | "unauthorized";

export type ModelReply = {
  readonly fault?: ModelFault;
  /** The message's text; an object is sent as JSON. */
  readonly content?: string | object;
  readonly tools?: readonly { readonly name: string; readonly args: string | object }[];
  /** As it stands in the answer; null leaves it out. Counts of characters where nothing is said. */
  readonly usage?: object | null;
  readonly finish?: string;
  /** Waits so long before it answers. */
  readonly delayMs?: number;
};
export type ModelScript = ModelReply | ((request: ModelRequest) => ModelReply);

/** One call as it came in. */
export type ModelRequest = {
  readonly path: string;
  readonly authorization: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  /** The whole text of the messages. */
  readonly text: string;
};

export type ModelServer = {
  /** What `OPENAI_BASE_URL` is set to. */
  readonly baseUrl: string;
  /** The next calls are answered like this, one each. */
  readonly plan: (...replies: readonly ModelScript[]) => void;
  /** What answers every further call. */
  readonly otherwise: (reply: ModelScript) => void;
  readonly seen: () => readonly ModelRequest[];
  readonly clear: () => void;
  readonly close: () => Promise<void>;
};

const DIMENSIONS = 64;

export async function startModelServer(): Promise<ModelServer> {
  let planned: ModelScript[] = [];
  let fallback: ModelScript = { content: "I have nothing to say." };
  let seen: ModelRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
      const messages: { content?: unknown }[] = body.messages ?? [];
      const text = messages
        .map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content)))
        .join("\n");
      const asked = { path: request.url ?? "", authorization: request.headers.authorization, body, text };
      seen.push(asked);
      const script = planned.shift() ?? fallback;
      const reply = typeof script === "function" ? script(asked) : script;
      if (reply.delayMs === undefined) answer(asked, reply, response);
      else setTimeout(() => answer(asked, reply, response), reply.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    plan: (...replies) => void planned.push(...replies),
    otherwise: (reply) => void (fallback = reply),
    seen: () => seen,
    clear: () => {
      planned = [];
      seen = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(asked: ModelRequest, reply: ModelReply, response: ServerResponse): void {
  switch (reply.fault) {
    case "stall":
      return;
    case "cut":
      return void response.destroy();
    case "cut-in-answer":
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"id":"x","choices":[');
      setTimeout(() => response.destroy(), 5);
      return;
    case "rate-limit":
      return send(response, 429, { error: { message: "slow down", type: "rate_limit" } }, { "retry-after": "1" });
    case "500":
      return send(response, 500, { error: { message: "broken", type: "server_error" } });
    case "unauthorized":
      return send(response, 401, { error: { message: "who are you", type: "auth" } });
    case "not-json":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end("<html>no json</html>");
    default:
  }
  if (asked.path.endsWith("/embeddings")) return send(response, 200, embeddings(asked, reply));
  send(response, 200, completion(asked, reply));
}

function completion(asked: ModelRequest, { content, tools, usage, finish }: ModelReply): object {
  const text = content === undefined ? null : typeof content === "string" ? content : JSON.stringify(content);
  const calls = tools?.map(({ name, args }, i) => ({
    id: `call_${i}`,
    type: "function",
    function: { name, arguments: typeof args === "string" ? args : JSON.stringify(args) },
  }));
  return {
    id: "chatcmpl-test",
    object: "chat.completion",
    created: 1,
    model: asked.body.model,
    choices: [
      {
        index: 0,
        finish_reason: finish ?? (calls === undefined ? "stop" : "tool_calls"),
        message: { role: "assistant", content: text, ...(calls === undefined ? {} : { tool_calls: calls }) },
      },
    ],
    ...(usage === null ? {} : { usage: usage ?? usageOf(asked.text, text ?? JSON.stringify(calls ?? [])) }),
  };
}

const usageOf = (asked: string, said: string) => {
  const [prompt_tokens, completion_tokens] = [Math.ceil(asked.length / 4), Math.ceil(said.length / 4)];
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
};

/** Letters counted by their code: texts with the same letters are near each other, and the same text is always the same vector. */
function embeddings({ body }: ModelRequest, { usage }: ModelReply): object {
  const inputs: string[] = Array.isArray(body.input) ? body.input : [body.input];
  const data = inputs.map((text, index) => {
    const embedding = Array.from({ length: DIMENSIONS }, () => 0);
    for (const letter of text.toLowerCase()) embedding[letter.codePointAt(0)! % DIMENSIONS]! += 1;
    return { object: "embedding", index, embedding };
  });
  const tokens = Math.ceil(inputs.join("").length / 4);
  return {
    object: "list",
    model: body.model,
    data,
    ...(usage === null ? {} : { usage: usage ?? { prompt_tokens: tokens, total_tokens: tokens } }),
  };
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
