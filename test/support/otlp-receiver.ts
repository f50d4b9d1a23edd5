/** A collector on this machine: it takes OTLP/HTTP in JSON, keeps what it accepted, and answers otherwise for as long as it is told to. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExportTraceServiceRequest } from "../../shared/trace/otlp.ts";
import { throughProtobuf, withoutDefaults } from "./otlp-schema.ts";

type Taken = ExportTraceServiceRequest["resourceSpans"][number]["scopeSpans"][number]["spans"][number];

/** What is done with a request: null takes it, otherwise the answer is given (or not) and nothing is kept. */
export type Behaviour = ((response: ServerResponse, spans: readonly Taken[]) => boolean) | null;

export async function otlpReceiver() {
  const requests: { readonly spans: readonly Taken[]; readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  const wrong: string[] = [];
  const state: { behave: Behaviour } = { behave: null };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString("utf8")));
    request.on("end", () => {
      const body = JSON.parse(text) as ExportTraceServiceRequest;
      if (request.url !== "/v1/traces" || request.headers["content-type"] !== "application/json") wrong.push(text);
      if (JSON.stringify(throughProtobuf(body)).length !== JSON.stringify(withoutDefaults(body)).length)
        wrong.push(text);
      const spans = body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      if (state.behave?.(response, spans) === true) return;
      requests.push({ spans, headers: request.headers });
      if (response.headersSent) return;
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    wrong,
    state,
    spans: () => requests.flatMap(({ spans }) => spans),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
export const answering =
  (status: number, headers: { [name: string]: string } = {}, body = ""): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
