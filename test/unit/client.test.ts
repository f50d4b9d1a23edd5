import { describe, expect, it } from "vitest";
import { createClient, type Fetch } from "../../shared/client.ts";
import { eventText, PING, readEventStream } from "../../shared/sse.ts";

type Sent = { readonly url: string; readonly init: Parameters<Fetch>[1] };
const answering = (status: number, body: string, contentType = "application/json") => {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    sent.push({ url, init });
    return new Response(body, { status, headers: { "content-type": contentType } });
  };
  return { sent, client: createClient({ baseUrl: "http://host", key: "cs_app_key", fetch }) };
};
const codeOf = (result: { ok: boolean; problem?: unknown }) =>
  (result as { problem: { code: string; detail: string } }).problem;

describe("the client", () => {
  it("sends the key, the body, the wait and the idempotency key where the interface wants them", async () => {
    const { sent, client } = answering(
      202,
      '{"task":"t","status":"running","links":{"self":"","events":"","explain":""}}',
    );
    const result = await client.submitIntent(
      { automation: "a", input: { n: 1 } },
      { waitSeconds: 2.5, idempotencyKey: "k" },
    );
    expect(result).toEqual({ ok: true, value: { task: "t", status: "running", view: null } });
    expect(sent[0]).toEqual({
      url: "http://host/v1/intents",
      init: {
        method: "POST",
        headers: {
          accept: "application/json",
          authorization: "Bearer cs_app_key",
          "content-type": "application/json",
          prefer: "wait=3",
          "idempotency-key": "k",
        },
        body: '{"automation":"a","input":{"n":1}}',
      },
    });
  });

  it("writes ids and filters so that they stay what they are", async () => {
    const { sent, client } = answering(200, "{}");
    await client.promoteRelease("a", "sha256:00", { envelope: {} as never, chain: [] });
    await client.listTasks({ status: "failed", limit: 5 });
    expect(sent.map(({ url }) => url)).toEqual([
      "http://host/v1/automations/a/releases/sha256%3A00/promote",
      "http://host/v1/tasks?status=failed&limit=5",
    ]);
  });

  it("gives the server's code, and its own where there is none", async () => {
    const refused = answering(
      409,
      '{"code":"idempotency-conflict","detail":"d","facts":{"n":1}}',
      "application/problem+json",
    );
    expect(codeOf(await refused.client.whoami())).toEqual({
      code: "idempotency-conflict",
      detail: "d",
      facts: { n: 1 },
    });
    const newer = answering(418, '{"code":"code-of-tomorrow","detail":"d"}', "application/problem+json");
    expect(codeOf(await newer.client.whoami())).toEqual({ code: "internal-error", detail: "code-of-tomorrow: d" });
    expect(codeOf(await answering(502, "<html>", "text/html").client.whoami()).code).toBe("internal-error");
    expect(codeOf(await answering(200, '{"tenant":1}').client.whoami()).code).toBe("internal-error");
    const gone = createClient({ baseUrl: "", key: null, fetch: () => Promise.reject(new Error("refused")) });
    expect(codeOf(await gone.whoami()).code).toBe("not-running");
  });

  it("reads an unhealthy answer as health with reasons", async () => {
    const { client } = answering(
      503,
      '{"code":"unhealthy","detail":"d","facts":{"reasons":["no policy"],"now":"2026-01-01T00:00:00.000Z"}}',
      "application/problem+json",
    );
    expect(await client.health()).toEqual({
      ok: true,
      value: { status: "failing", reasons: ["no policy"], now: "2026-01-01T00:00:00.000Z" },
    });
  });

  it("follows a task over several streams, from where the last one stopped", async () => {
    const event = (seq: number) =>
      eventText("task-event", JSON.stringify({ seq, at: "2026-01-01T00:00:00.000Z", event: { type: "x" } }), seq);
    const streams = [event(1) + PING + event(2), event(3) + eventText("settled", "{}")];
    const asked: (string | undefined)[] = [];
    const client = createClient({
      baseUrl: "",
      key: null,
      fetch: async (_, { headers }) => {
        asked.push(headers["last-event-id"]);
        return new Response(streams.shift());
      },
    });
    const seen: number[] = [];
    for await (const one of client.followTask("t")) if (one.ok) seen.push(one.value.seq);
    expect([seen, asked]).toEqual([
      [1, 2, 3],
      ["0", "2"],
    ]);
  });
});

describe("a stream that breaks off inside a record", () => {
  it("is taken up before that record, and every event is yielded once", async () => {
    const event = (seq: number, type: string, id?: number) =>
      eventText("task-event", JSON.stringify({ seq, at: "2026-01-01T00:00:00.000Z", event: { type } }), id);
    const streams = [
      event(1, "a", 1) + event(2, "b"),
      event(2, "b") + event(2, "c"),
      event(2, "b") + event(2, "c") + event(2, "d", 2) + eventText("settled", "{}"),
    ];
    const asked: (string | undefined)[] = [];
    const client = createClient({
      baseUrl: "",
      key: null,
      fetch: async (_, { headers }) => {
        asked.push(headers["last-event-id"]);
        return new Response(streams.shift());
      },
    });
    const seen: string[] = [];
    for await (const one of client.followTask("t")) if (one.ok) seen.push(one.value.event.type);
    expect([seen.join(""), asked]).toEqual(["abcd", ["0", "1", "1"]]);
  });
});

describe("event streams", () => {
  it("are read the same however the bytes are cut", async () => {
    const bytes = new TextEncoder().encode(`${eventText("a", '{"text":"ü"}', 7)}${PING}data: one\r\ndata: two\r\n\r\n`);
    for (let cut = 1; cut < bytes.length; cut++) {
      async function* pieces() {
        yield bytes.subarray(0, cut);
        yield bytes.subarray(cut);
      }
      const messages = [];
      for await (const message of readEventStream(pieces())) messages.push(message);
      expect(messages).toEqual([
        { event: "a", id: "7", data: '{"text":"ü"}' },
        { event: "message", id: null, data: "one\ntwo" },
      ]);
    }
  });
});
