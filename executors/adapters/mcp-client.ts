/**
 * Calls tools of MCP servers over the guarded way out. It lives in the stateless entrypoint, so that sessions are shared by an isolate and a
 * server that does not answer holds no executor object. Which server, which tool and its pin follow from the capability's definition.
 *
 * M1  A tool is called only when, at most `toolListMs` before, the server listed it with the digest that is pinned.
 * M2  `not-done` and `changed` prove that the tool was not called. Once `tools/call` left, only an answer says what happened; a 404 in a
 *     session is such an answer (the session is over): a new one is begun, and the call is sent in it, once.
 * M3  Sessions are kept in memory, one for each capability, because each has a credential of its own.
 *
 * run()  listed | changed { found } | not-done | refused { status } | answered | lost
 */
import * as z from "zod";
import { CapabilityName, type ToolPin } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { EgressAnswer, Send } from "./egress.ts";
import { isRefusal, isSuccess } from "./http-outcome.ts";
import {
  CallResult,
  Initialized,
  PROTOCOLS,
  responseIn,
  textOf,
  toolDigest,
  ToolPage,
  type RpcResponse,
} from "./mcp-messages.ts";

export const ToolCall = z.strictObject({
  run: z.enum(["list", "call"]),
  capability: CapabilityName,
  args: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
  timeoutMs: z.int().max(LIMITS.httpAskMs),
});
export type ToolCall = z.infer<typeof ToolCall>;

export type ToolAnswer =
  | { readonly kind: "listed" }
  /** `found`: the digest that it has now; null where there is no such tool, or more than one. */
  | { readonly kind: "changed"; readonly found: string | null }
  | { readonly kind: "not-done"; readonly problem: Problem; readonly retry: boolean }
  /** The call was refused by a status of HTTP, before any tool. */
  | { readonly kind: "refused"; readonly status: number }
  | {
      readonly kind: "answered";
      /** The tool, or the protocol, says that it failed. */
      readonly failed: boolean;
      readonly text: string;
      readonly truncated: boolean;
      readonly structured: JsonObject | null;
    }
  | { readonly kind: "lost"; readonly problem: Problem };

/** Where a capability's tool stands. */
export type ToolWay = { readonly path: string; readonly pin: ToolPin };

type Session = {
  readonly id: string | null;
  readonly protocol: string;
  listed: { atMs: number; digest: string | null } | null;
};
type Fault = ToolAnswer & { readonly kind: "not-done" };
type Asked = { readonly answer: EgressAnswer; readonly response: RpcResponse | null };

export class ToolServers {
  readonly #send: Send;
  readonly #wayByCapability: ReadonlyMap<string, ToolWay>;
  readonly #nowMs: () => number;
  readonly #sessionByCapability = new Map<string, Session>();
  #lastId = 0;

  constructor(send: Send, wayByCapability: ReadonlyMap<string, ToolWay>, nowMs: () => number) {
    this.#send = send;
    this.#wayByCapability = wayByCapability;
    this.#nowMs = nowMs;
  }

  async run(given: ToolCall): Promise<ToolAnswer> {
    const parsed = ToolCall.safeParse(given);
    const way = parsed.success ? this.#wayByCapability.get(parsed.data.capability) : undefined;
    if (!parsed.success || way === undefined)
      return notDone(problem("egress-refused", "No tool is configured for this capability."), false);
    const call = parsed.data;
    const untilMs = this.#nowMs() + call.timeoutMs;
    // M2: a server may end any session at any time; twice in one call is an outage.
    for (let sessions = 0; sessions < 2; sessions++) {
      const session = this.#sessionByCapability.get(call.capability) ?? (await this.#open(call, way, untilMs));
      if ("kind" in session) return session;
      const done = await this.#inSession(session, call, way, untilMs);
      if (done !== "session-over") return done;
      this.#sessionByCapability.delete(call.capability);
    }
    return notDone(problem("target-unavailable", "The server ends its sessions at once."), true);
  }

  async #inSession(
    session: Session,
    call: ToolCall,
    way: ToolWay,
    untilMs: number,
  ): Promise<ToolAnswer | "session-over"> {
    const { pin } = way;
    if (session.listed === null || this.#nowMs() - session.listed.atMs >= LIMITS.toolListMs) {
      const listed = await this.#list(session, call, way, untilMs);
      if (listed === "session-over" || (listed !== null && typeof listed === "object")) return listed;
      session.listed = { atMs: this.#nowMs(), digest: listed };
    }
    const found = session.listed.digest;
    if (found !== pin.digest) {
      // It is listed anew by whoever asks next.
      session.listed = null;
      return { kind: "changed", found };
    }
    if (call.run === "list") return { kind: "listed" };
    // THE CALL LEAVES.
    const params = { name: pin.name, arguments: call.args };
    const { answer, response } = await this.#ask("tools/call", params, session, call, way, untilMs);
    if (isOver(answer, session)) return "session-over";
    if (answer.kind === "not-sent") return notDone(answer.problem, answer.retry);
    if (answer.kind === "turned-away") return notDone(answer.problem, false);
    if (answer.kind === "lost") return answer;
    if (!isSuccess(answer.status)) {
      if (isRefusal(answer.status)) return { kind: "refused", status: answer.status };
      return lost("The server's answer does not say whether the tool was called.");
    }
    if (response === null) return lost("The stream ended without the tool's answer.");
    if ("error" in response) return { kind: "answered", failed: true, text: "", truncated: false, structured: null };
    const result = CallResult.safeParse(response.result);
    if (!result.success)
      return { kind: "lost", problem: problem("answer-invalid", "The tool's answer has another form.") };
    const { content, isError = false, structuredContent = null } = result.data;
    return { kind: "answered", failed: isError, ...textOf(content), structured: structuredContent };
  }

  async #open(call: ToolCall, way: ToolWay, untilMs: number): Promise<Session | Fault> {
    const params = {
      protocolVersion: PROTOCOLS[0]!,
      capabilities: {},
      clientInfo: { name: "countersign", version: "1.0.0" },
    };
    const { answer, response } = await this.#ask("initialize", params, null, call, way, untilMs);
    const result = response !== null && "result" in response ? Initialized.safeParse(response.result) : null;
    if (answer.kind !== "answered" || result?.success !== true) return unavailable(answer);
    const { protocolVersion: protocol } = result.data;
    const id = answer.session ?? null;
    if (!PROTOCOLS.includes(protocol) || (id !== null && !/^[!-~]{1,300}$/.test(id)))
      return notDone(problem("answer-invalid", "The server speaks another version of the protocol."), false);
    const session: Session = { id, protocol, listed: null };
    const told = await this.#ask("notifications/initialized", null, session, call, way, untilMs);
    if (told.answer.kind !== "answered" || !isSuccess(told.answer.status)) return unavailable(told.answer);
    this.#sessionByCapability.set(call.capability, session);
    return session;
  }

  /** The digest of the tool as the server lists it; null where it lists none, or more than one, of its name. */
  async #list(
    session: Session,
    call: ToolCall,
    way: ToolWay,
    untilMs: number,
  ): Promise<string | null | Fault | "session-over"> {
    const found: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < LIMITS.toolListPages; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const { answer, response } = await this.#ask("tools/list", params, session, call, way, untilMs);
      if (isOver(answer, session)) return "session-over";
      const listed = response !== null && "result" in response ? ToolPage.safeParse(response.result) : null;
      if (listed?.success !== true) return unavailable(answer);
      for (const tool of listed.data.tools) if (tool.name === way.pin.name) found.push(toolDigest(tool));
      cursor = listed.data.nextCursor;
      if (cursor === undefined) break;
    }
    return found.length === 1 ? found[0]! : null;
  }

  /** One message to the server. `params` null: a notification, to which no response comes. */
  async #ask(
    method: string,
    params: Json | null,
    session: Session | null,
    { capability }: ToolCall,
    { path }: ToolWay,
    untilMs: number,
  ): Promise<Asked> {
    const id = ++this.#lastId;
    const message = { jsonrpc: "2.0", method, ...(params === null ? {} : { id, params }) };
    const answer = await this.#send({
      capability,
      method: "POST",
      path,
      headers: {
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        ...(session === null ? {} : { "mcp-protocol-version": session.protocol }),
        ...(session === null || session.id === null ? {} : { "mcp-session-id": session.id }),
      },
      body: JSON.stringify(message),
      timeoutMs: untilMs - this.#nowMs(),
      ...(params === null ? {} : { answerId: id }),
    });
    const isAnswer = answer.kind === "answered" && isSuccess(answer.status) && params !== null;
    return { answer, response: isAnswer ? responseIn(answer.body, answer.eventStream === true, id) : null };
  }
}

/** Streamable HTTP, "Session management": 404 to a request with a session id means that the session is over, and nothing else. */
const isOver = (answer: EgressAnswer, { id }: Session): boolean =>
  id !== null && answer.kind === "answered" && answer.status === 404;

/** What went wrong before the tool was called: nothing happened. */
function unavailable(answer: EgressAnswer): Fault {
  if (answer.kind === "not-sent") return notDone(answer.problem, answer.retry);
  if (answer.kind === "turned-away") return notDone(answer.problem, false);
  return notDone(problem("target-unavailable", "The server could not be asked for its tools."), true);
}

const notDone = (why: Problem, retry: boolean): Fault => ({ kind: "not-done", problem: why, retry });
const lost = (detail: string): ToolAnswer => ({ kind: "lost", problem: problem("effect-in-doubt", detail) });
