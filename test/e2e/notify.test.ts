/** Notifications against real servers on localhost: signatures are verified by an implementation of their own, from the specification. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { ActionContext, Outcome } from "../../executors/adapters/types.ts";
import { startProbe, type Started } from "../support/probe.ts";
import { actionContext } from "../support/action-context.ts";

type Got = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

const SECRET_BYTES = Buffer.from("0123456789abcdef0123456789abcdef");
const SECRET = `whsec_${SECRET_BYTES.toString("base64")}`;
const HOOK = "/hooks/canary-hook-5e1c";
const SLACK = "/services/T00000000/B00000000/canary-slack-7d20";

let server: Server;
let origin: string;
let probe: Started;
let got: Got[] = [];
/** What the next requests are answered, in order; then 200. `cut`: the connection ends after the request was taken. */
let answers: (readonly [status: number, body: string] | "cut")[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      got.push({ path: request.url!, headers: request.headers, body });
      const answer = answers.shift() ?? [200, request.url === "/emails" ? `{"id":"em_1"}` : "ok"];
      if (answer === "cut") return void request.socket.resetAndDestroy();
      response.writeHead(answer[0], { "retry-after": "2" }).end(answer[1]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  probe = await startProbe("test/support/egress-probe.worker.ts");
});
afterAll(async () => {
  await probe?.stop();
  server?.closeAllConnections();
  server?.close();
});
beforeEach(() => {
  got = [];
  answers = [];
});

const ARGS = {
  "notify.webhook": { type: "order.cancelled", subject: "#W1", message: "It was cancelled: \u00fc \u20ac" },
  "notify.slack": { text: "<!channel> a & b", sections: ["<https://a.example|here>"] },
  "notify.email": { from: "shop@example.com", to: "ann@example.com", subject: "Your order", text: "It was cancelled." },
};
const context = (capability: string, change: Partial<ActionContext>): ActionContext =>
  actionContext({ capability, action: "act_1", deadlineMs: 15_000, nowMs: 10_000, ...change });
const apply = (
  capability: keyof typeof ARGS,
  change: Partial<ActionContext> = {},
  urls: { readonly webhook?: string; readonly slack?: string } = {},
): Promise<Outcome> =>
  probe.ask({
    run: "apply",
    settings: {
      HTTP_TARGETS: JSON.stringify({ development: true, origins: { webhook: origin, slack: origin, email: origin } }),
      CREDENTIALS: JSON.stringify({
        webhook: { kind: "webhook", capability: "notify.webhook", secret: SECRET, url: urls.webhook ?? origin + HOOK },
        slack: { kind: "url", capability: "notify.slack", url: urls.slack ?? origin + SLACK },
        email: { kind: "bearer", capability: "notify.email", token: "a-provider-token" },
      }),
    },
    capability,
    args: ARGS[capability],
    context: context(capability, change),
  });

/** Standard Webhooks 1.0, "Verifying signatures", written from the specification. */
function isSigned({ headers, body }: Got): boolean {
  const [id, timestamp] = [headers["webhook-id"] as string, headers["webhook-timestamp"] as string];
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > 300) return false;
  const expected = createHmac("sha256", SECRET_BYTES).update(`${id}.${timestamp}.${body}`).digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .some((one) => {
      const [version, signature] = one.split(",");
      const given = Buffer.from(signature ?? "", "base64");
      return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
    });
}

it("signs a webhook as Standard Webhooks says, with one id and one body on every attempt", async () => {
  answers = ["cut", [500, "no"]];
  expect(await apply("notify.webhook")).toMatchObject({ kind: "in-doubt" });
  expect(await apply("notify.webhook", { resumed: true, attempt: 2 })).toMatchObject({ kind: "in-doubt" });
  expect(await apply("notify.webhook", { resumed: true, attempt: 3, nowMs: 12_000 })).toMatchObject({
    kind: "applied",
    result: { accepted: true, webhookId: got[0]!.headers["webhook-id"] },
  });
  await apply("notify.webhook", { action: "act_2" });
  expect(got.map(isSigned)).toEqual([true, true, true, true]);
  expect(got.map(({ path }) => path)).toEqual([HOOK, HOOK, HOOK, HOOK]);
  expect(new Set(got.slice(0, 3).map(({ headers, body }) => `${headers["webhook-id"]} ${body}`)).size).toBe(1);
  expect(got[3]!.headers["webhook-id"]).not.toBe(got[0]!.headers["webhook-id"]);
  expect(isSigned({ ...got[3]!, body: `${got[3]!.body} ` })).toBe(false);
});

it("posts into a channel at most once, as text in which nothing is markup", async () => {
  expect(await apply("notify.slack")).toEqual({ kind: "applied", result: { posted: true }, replayed: false });
  expect(got[0]!.path).toBe(SLACK);
  expect(JSON.parse(got[0]!.body)).toEqual({
    text: "&lt;!channel&gt; a &amp; b",
    blocks: [{ type: "section", text: { type: "plain_text", text: "<https://a.example|here>" } }],
  });
  answers = ["cut"];
  expect(await apply("notify.slack", { action: "act_2" })).toMatchObject({ kind: "in-doubt" });
  expect(await apply("notify.slack", { action: "act_2", resumed: true })).toMatchObject({ kind: "in-doubt" });
  expect(got.length).toBe(2);
  answers = [
    [429, "rate_limited"],
    [404, "channel_not_found"],
  ];
  expect(await apply("notify.slack")).toMatchObject({ kind: "refused", retry: true, retryAfterMs: 2_000 });
  expect(await apply("notify.slack")).toMatchObject({ kind: "refused", retry: false });
});

it("sends an e-mail under one idempotency key on every attempt", async () => {
  answers = ["cut"];
  expect(await apply("notify.email")).toMatchObject({ kind: "in-doubt" });
  const again = await apply("notify.email", { resumed: true });
  expect(again).toEqual({ kind: "applied", result: { messageId: "em_1" }, replayed: true });
  expect(got.map(({ headers }) => headers["idempotency-key"])).toEqual([
    expect.stringMatching(/^"[a-z2-7]{26}"$/),
    got[0]!.headers["idempotency-key"],
  ]);
  expect(got[1]!.body).toBe(got[0]!.body);
  expect(got[0]!.headers.authorization).toBe("Bearer a-provider-token");
});

it("goes nowhere with a secret address of another origin, and says nothing of it", async () => {
  for (const elsewhere of [
    "https://elsewhere.example/canary-1",
    `${origin.replace("localhost", "127.0.0.1")}/canary-1`,
  ]) {
    const outcome = await apply("notify.slack", {}, { slack: elsewhere });
    expect(outcome).toMatchObject({ kind: "refused", retry: false, problem: { code: "egress-refused" } });
    expect(JSON.stringify(outcome)).not.toContain("canary");
  }
  expect(got).toEqual([]);
});

it("takes the secret address and the signing secret out of what comes back", async () => {
  answers = [[200, JSON.stringify({ id: `${SECRET} ${HOOK}` })]];
  const outcome = await probe.ask({
    run: "send",
    settings: {
      HTTP_TARGETS: JSON.stringify({ development: true, origins: { webhook: origin } }),
      CREDENTIALS: JSON.stringify({
        webhook: { kind: "webhook", capability: "notify.webhook", secret: SECRET, url: origin + HOOK },
      }),
    },
    call: {
      capability: "notify.webhook",
      method: "POST",
      path: "/",
      headers: { "webhook-id": "id-1" },
      body: "{}",
      timeoutMs: 5_000,
    },
  });
  expect(outcome).toMatchObject([{ kind: "answered", body: '{"id":"[redacted] [redacted]"}' }]);
});
