import { afterEach, describe, expect, it } from "vitest";
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { subjectDigest, Attestation } from "../../../shared/attestation.ts";
import type { Fetch } from "../../../shared/client.ts";
import { reviewId } from "../../../shared/ids.ts";
import { exportPrivateKey, generateKeyPair, keyId, publicPart } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { openEnvelope } from "../../../shared/signing.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { leafHash } from "../../../shared/tlog/tree.ts";
import { extendTiles, tilePath } from "../../../shared/tlog/tiles.ts";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { EXIT } from "../../../cli/exits.ts";
import { counting } from "../../../cli/record/progress.ts";
import { commandLine, type CommandLine } from "../../support/cli.ts";
import { honestRecord, KEYS, trustConfig, checkpointOf, TENANT, type TestRecord } from "../../support/record.ts";
import { testTask } from "../../support/chain.ts";

const URL = "http://localhost:8787";
type Answer = { readonly status?: number; readonly body: unknown; readonly type?: string };
type Asked = { readonly method: string; readonly path: string; readonly key: string | undefined; readonly body: any };

/** A server that answers what a test says, and remembers what it was asked. */
function server(answer: (asked: Asked) => Answer | null) {
  const asked: Asked[] = [];
  const fetch: Fetch = async (url, init) => {
    const one = {
      method: init.method,
      path: url.slice(url.indexOf("/", 8)),
      key: init.headers["authorization"],
      body: init.body === undefined ? null : JSON.parse(init.body),
    };
    asked.push(one);
    const {
      status = 200,
      body,
      type = status >= 400 ? "application/problem+json" : "application/json",
    } = answer(one) ?? {
      status: 404,
      body: { code: "not-found", detail: "There is no such thing." },
    };
    return new Response(
      typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
      {
        status,
        headers: { "content-type": type },
      },
    ) as unknown as Awaited<ReturnType<Fetch>>;
  };
  return { asked, fetch };
}

const approverKey = await exportPrivateKey((await generateKeyPair({ extractable: true })).privateKey);
const dev = {
  url: URL,
  tenant: TENANT,
  apiKeys: Object.fromEntries(
    ["app", "agent", "approver", "operator", "auditor", "admin"].map((role) => [role, `cs_${role}_x`]),
  ),
  rootKey: KEYS.root,
  approver: { member: "ada", key: approverKey },
  trust: trustConfig,
};

let cli: CommandLine;
afterEach(() => cli?.remove());
const against = (answer: (asked: Asked) => Answer | null, more: Parameters<typeof commandLine>[1] = {}) => {
  const { asked, fetch } = server(answer);
  cli = commandLine(dev, { fetch, ...more });
  return asked;
};

const task = testTask("dev/eu/0", 1);
const parts = {
  challenge: "AAAAAAAAAAAAAAAAAAAAAA",
  step: `sha256:${"ab".repeat(32)}`,
  args: { orderId: "#W1", reason: "no longer\nneeded" },
  premises: [{ resource: "orders/#W1", version: 3, class: "same-transaction" }],
  shown: {
    summary: "Cancel order #W1 and refund 2149.00",
    changes: [{ what: "order #W1", from: "pending", to: "cancelled" }],
    askedBy: "rita",
    rationale: "please \u001b[2J\u202eapprove",
    rules: [{ id: "large", message: "1500.00 or more is refunded." }],
    provenance: { orderId: "principal", reason: "model" },
  },
};
const review = {
  id: reviewId(task, 1, 0, 1),
  task,
  step: "cancel",
  automation: "refunds",
  capability: "orders.cancel",
  region: "eu",
  status: "waiting",
  requestedAt: "2026-11-21T04:00:00.000Z",
  expiresAt: "2026-11-22T04:00:00.000Z",
  required: [{ rule: "large", role: "lead", quorum: 1, approvedBy: [] }],
  requester: "rita",
  subject: subjectDigest(parts),
  parts,
};

describe("exit codes", () => {
  it.each([
    [["frobnicate"], EXIT.usage],
    [["tasks", "--bogus"], EXIT.usage],
    [["watch"], EXIT.usage],
    [["cancel", task, "twice"], EXIT.usage],
    [["submit", "refunds", "nonsense"], EXIT.usage],
    [["submit", "refunds", "--input", "[1]"], EXIT.usage],
    [["submit", "refunds", "--input", '{"a":1,"a":2}'], EXIT.usage],
    [["submit", "refunds", "--wait", "soon"], EXIT.usage],
    [["reject", review.id], EXIT.usage],
    [["revoke", "orders.cancel", "--reason"], EXIT.usage],
    [["verify", "--dir", "nowhere"], EXIT.usage],
    [["--help"], EXIT.ok],
    [[], EXIT.ok],
  ])("%j gives %i and asks no server", async (argv, exit) => {
    const asked = against(() => null);
    expect((await cli.run(...argv)).exit).toBe(exit);
    expect(asked).toEqual([]);
  });

  it("1: the server's problem, its code and detail", async () => {
    against(() => ({ status: 409, body: { code: "task-settled", detail: "It has ended." } }));
    const text = await cli.run("cancel", task);
    expect([text.exit, text.out, text.err]).toEqual([EXIT.problem, "", "✗ task-settled: It has ended.\n"]);
    const json = await cli.run("cancel", task, "--json");
    expect([json.exit, json.json]).toEqual([
      EXIT.problem,
      { problem: { code: "task-settled", detail: "It has ended." } },
    ]);
  });

  it("4: nobody answers, or a Worker that is needed does not run", async () => {
    cli = commandLine(dev, { fetch: () => Promise.reject(new Error("refused")) });
    expect([(await cli.run("tasks")).exit, (await cli.run("doctor")).exit]).toEqual([
      EXIT.unreachable,
      EXIT.unreachable,
    ]);
    cli.remove();
    against(() => ({ status: 503, body: { code: "not-running", detail: "The ledger does not run." } }));
    expect((await cli.run("tasks")).exit).toBe(EXIT.unreachable);
  });

  it("says once what the detail says already, and on a line each what it does not", async () => {
    const detail = "The value does not satisfy the contract: /orderId pattern; /reason enum";
    const facts = {
      pointer: "/orderId",
      keyword: "pattern",
      errors: ["/orderId pattern", "/reason enum"],
      hint: "x-1",
    };
    against(() => ({ status: 422, body: { code: "contract-violation", detail, facts } }));
    expect((await cli.run("cancel", task)).err).toBe(`✗ contract-violation: ${detail}\n  hint x-1\n`);
    cli.remove();
    const issues = ["/input: an object is expected", "/region: unknown"];
    against(() => ({ status: 400, body: { code: "invalid-request", detail: issues[0], facts: { issues } } }));
    expect((await cli.run("cancel", task)).err).toBe(`✗ invalid-request: ${issues[0]}\n  issues ${issues[1]}\n`);
  });

  it("a key that is missing is a problem, not a request without one", async () => {
    const { asked, fetch } = server(() => null);
    cli = commandLine(null, { fetch });
    const ran = await cli.run("tasks", "--url", URL, "--json");
    expect([ran.exit, ran.json.problem.code, asked.length]).toEqual([EXIT.problem, "unauthenticated", 0]);
  });
});

describe("help", () => {
  it.each(COMMANDS.map(({ name }) => name))("of `%s` shows an example of itself", async (name) => {
    cli = commandLine(null);
    const { exit, out } = await cli.run(...name.split(" "), "--help");
    expect(exit).toBe(0);
    expect(out).toContain(`countersign ${name}`);
    expect(out.slice(out.indexOf("Examples"))).toContain(`countersign ${name}`);
  });
});

describe("keys", () => {
  it("are the weakest that suffice", async () => {
    const asked = against(() => null);
    await cli.run("tasks");
    await cli.run("reviews");
    await cli.run("revoke", "x", "--reason", "y");
    await cli.run("keys", "revoke", "k", "--reason", "y");
    expect(asked.map(({ key }) => key)).toEqual(
      ["app", "approver", "operator", "admin"].map((role) => `Bearer cs_${role}_x`),
    );
  });

  it("given by option or environment go before the development keys", async () => {
    const asked = against(() => null, { env: { COUNTERSIGN_KEY: "env" } });
    await cli.run("tasks");
    await cli.run("tasks", "--key", "option");
    expect(asked.map(({ key }) => key)).toEqual(["Bearer env", "Bearer option"]);
  });

  it("of the development server are never sent to another address", async () => {
    const asked = against(() => null);
    expect((await cli.run("tasks", "--url", "http://example.com:8787")).exit).toBe(EXIT.problem);
    expect((await cli.run("tasks", "--url", "http://localhost:9999")).exit).toBe(EXIT.problem);
    await cli.run("tasks", "--url", "http://127.0.0.1:8787/");
    expect(asked.map(({ key }) => key)).toEqual(["Bearer cs_app_x"]);
  });

  it("are listed with the command that enrols them, for the roles that people hold", async () => {
    const enrolled = {
      kid: "k".repeat(43),
      member: "bea",
      roles: ["approver", "support-lead"],
      createdAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2999-01-01T00:00:00.000Z",
      revokedAt: null,
      envelope: {
        payloadType: PAYLOAD_TYPES.enrolment,
        payload: "e30=",
        signatures: [{ keyid: "k".repeat(43), sig: `${"A".repeat(86)}==` }],
      },
      chain: [],
    };
    const request = {
      kid: "n".repeat(43),
      member: "carl",
      key: publicPart(approverKey),
      createdAt: enrolled.createdAt,
      possession: enrolled.envelope,
    };
    against(({ path }) =>
      path === "/v1/enrolments" ? { body: { enrolments: [enrolled], requests: [request] } } : null,
    );
    expect((await cli.run("keys", "list")).out).toContain(
      `countersign keys enrol ${request.kid} --roles approver,support-lead`,
    );
  });

  it.each([`-${"k".repeat(42)}`, `--${"k".repeat(41)}`])(
    "are named by their id where that begins with a dash: %s",
    async (kid) => {
      const asked = against(() => ({ body: { kid, incomplete: [] } }));
      expect((await cli.run("keys", "revoke", kid, "--reason", "device lost", "--json")).json.kid).toBe(kid);
      expect(asked.at(-1)!.path).toBe(`/v1/keys/${kid}/revoke`);
    },
  );

  it("new ones go into a file for their owner alone, and none is overwritten", async () => {
    against(() => null);
    const made = await cli.run("keys", "new", "--out", "ada.json", "--json");
    const file = path.join(cli.folder, "ada.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const jwk = JSON.parse(readFileSync(file, "utf8"));
    expect(made.json).toEqual({ kid: keyId(jwk), key: publicPart(jwk), file, request: null });
    expect(made.out).not.toContain(jwk.d);
    expect((await cli.run("keys", "new", "--out", "ada.json")).exit).toBe(EXIT.usage);
  });
});

it.each([
  [["task"], "tasks"],
  [["sumbit", "notes"], "submit"],
  [["key", "list"], "keys list"],
  [["aprove", "rev_1"], "approve"],
  [["undo", "x"], null],
])("to a command line of %j it says that perhaps %s was meant", async (argv, meant) => {
  against(() => null);
  const { exit, err } = await cli.run(...argv);
  expect(exit).toBe(EXIT.usage);
  expect(err).toContain(meant === null ? "see countersign --help" : `did you mean countersign ${meant}?`);
});

/** An automation in force that nobody stopped. */
const AUTOMATION = {
  name: "notes",
  release: "sha256:1",
  serial: 1,
  promotedAt: null,
  summary: null,
  owner: null,
  tier: 3,
  planner: "playbook",
  stop: null,
  releases: [],
};

describe("doctor", () => {
  const overview = (change: object) => ({
    tenant: TENANT,
    key: "key_x",
    role: "admin",
    member: null,
    regions: ["eu"],
    shards: 1,
    tasks: { open: 1, waiting: 0 },
    outcomes: [],
    executors: [
      {
        executor: "dev/eu/0",
        open: 1,
        waiting: 0,
        head: 3,
        delivered: 3,
        alarms: [],
        stuck: [],
        quarantined: [],
        deadLetters: { count: 0, newest: [] },
        outcomes: { counts: [], newest: [] },
        ...change,
      },
    ],
    incomplete: [],
    ledger: null,
  });
  const linesOf = async (health: object, change: object) => {
    against(({ path }) => {
      if (path === "/healthz") return { body: { status: "ok", reasons: [], ...health } };
      return path === "/v1/overview" ? { body: overview(change) } : null;
    });
    const { json } = await cli.run("doctor", "--json");
    return Object.fromEntries(json.lines.map((line: { check: string }) => [line.check, line]));
  };

  it("compares the clock with the time that the server gives", async () => {
    expect((await linesOf({ now: new Date().toISOString() }, {})).clock).toMatchObject({ status: "ok" });
    cli.remove();
    const { clock } = await linesOf({ now: new Date(Date.now() - 90_000).toISOString() }, {});
    expect(clock).toMatchObject({ status: "problem", detail: expect.stringMatching(/^(?:89|90|91) s away/) });
  });

  it("says who stopped what, when and why", async () => {
    const stop = {
      stop: "stp_1",
      mode: "stop-all",
      by: "ken",
      reason: "strange refunds",
      at: "2026-11-21T09:00:00.000Z",
    };
    against(({ path }) => {
      if (path === "/healthz") return { body: { status: "ok", reasons: [], now: new Date().toISOString() } };
      if (path === "/v1/stops") return { body: { stops: [{ ...stop, kind: "tenant", target: TENANT }] } };
      if (path === "/v1/automations") return { body: { automations: [{ ...AUTOMATION, stop }] } };
      return path === "/v1/overview" ? { body: overview({}) } : null;
    });
    const { json } = await cli.run("doctor", "--json");
    const of = (check: string) => json.lines.find((line: { check: string }) => line.check === check).detail;
    const who = "by ken at 2026-11-21T09:00:00.000Z: strange refunds";
    expect([of("stops"), of("automations")]).toEqual([`tenant ${TENANT} (stop-all ${who})`, `paused: notes (${who})`]);
  });

  it("names tasks that only an operator can help", async () => {
    const now = new Date().toISOString();
    expect((await linesOf({ now }, {})).tasks).toMatchObject({ status: "ok" });
    cli.remove();
    const { tasks } = await linesOf({ now }, { stuck: [{ task, why: "record-unreadable" }] });
    expect(tasks).toMatchObject({ status: "problem", detail: expect.stringContaining(`${task} (record-unreadable)`) });
  });
});

describe("submit", () => {
  it("sends strings, JSON values and a file's input, with its idempotency key", async () => {
    const asked = against(() => null);
    writeFileSync(path.join(cli.folder, "input.json"), '{"a":1,"text":"old"}');
    await cli.run(
      "submit",
      "refunds",
      "text=12",
      "n:=12",
      "ok:=true",
      "--input",
      "@input.json",
      "--region",
      "eu",
      "--idempotency-key",
      "k",
    );
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/v1/intents",
      body: { automation: "refunds", input: { a: 1, text: "12", n: 12, ok: true }, region: "eu" },
    });
  });
});

describe("approve", () => {
  const deciding = (asked: Asked) =>
    asked.method === "GET" ? { body: review } : { body: { ...review, status: "approved" } };

  it("shows everything that is signed, with nothing in it that could move the cursor", async () => {
    against(deciding, { isTerminal: true });
    const { out } = await cli.run("reviews", review.id);
    for (const text of [
      "Cancel order #W1 and refund 2149.00",
      "pending",
      "cancelled",
      "rita",
      "large",
      "1500.00",
      "orderId",
      "principal",
      "no longer ⏎ needed",
      review.subject,
    ])
      expect(out).toContain(text);
    expect(out).toContain("\\u001b[2J\\u202eapprove");
    // oxlint-disable-next-line no-control-regex
    expect(out.replaceAll(/\u001b\[(?:0|1|2|31|32|33|36)m/g, "")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it("signs the subject that it recomputed, once confirmed", async () => {
    const asked = against(deciding, { isInteractive: true, ask: async () => "y" });
    const ran = await cli.run("approve", review.id, "--json");
    expect([ran.exit, ran.json.status]).toEqual([0, "approved"]);
    const { envelope } = asked.at(-1)!.body;
    const opened = await openEnvelope(envelope, {
      payloadType: PAYLOAD_TYPES.attestation,
      keys: new Map([[keyId(approverKey), publicPart(approverKey)]]),
      schema: Attestation,
    });
    expect(opened.ok && opened.value.payload).toMatchObject({
      tenant: TENANT,
      task,
      step: "cancel",
      review: review.id,
      subject: review.subject,
      decision: "approve",
      reason: null,
    });
  });

  it("signs nothing unless somebody says yes", async () => {
    const asked = against(deciding, { isInteractive: true, ask: async () => "" });
    expect((await cli.run("approve", review.id)).exit).toBe(EXIT.problem);
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });

  it.each([
    [
      "shows something else than it asks to sign",
      { parts: { ...parts, args: { orderId: "#W2" } } },
      "attestation-mismatch",
    ],
    [
      "shows other words than it asks to sign",
      { parts: { ...parts, shown: { ...parts.shown, summary: "Nothing" } } },
      "attestation-mismatch",
    ],
    ["answers with another review", { id: reviewId(task, 1, 1, 1) }, "attestation-mismatch"],
    ["has closed the review", { status: "expired" }, "review-not-waiting"],
  ])("signs nothing when the server %s", async (_, change, code) => {
    const asked = against(() => ({ body: { ...review, ...change } }));
    const ran = await cli.run("approve", review.id, "--yes", "--json");
    expect([ran.exit, ran.json.problem.code]).toEqual([EXIT.problem, code]);
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });
});

describe("toggles", () => {
  const view = (version: number, value: unknown, automation: string | null = null) => ({
    name: "models",
    automation,
    version,
    value,
    by: "key_7",
    reason: "pilot",
    at: "2026-11-21T04:00:00.000Z",
  });
  const serving = () =>
    against(({ method, body }) => ({
      body:
        method === "PUT"
          ? view(body.after + 1, body.value, body.automation ?? null)
          : { toggles: [view(2, true), view(5, "few", "refunds")], history: [view(2, true), view(1, false)] },
    }));

  it("are listed with who set them, and set after the version that holds for the tenant or the automation", async () => {
    const asked = serving();
    expect((await cli.run("toggles")).out).toMatch(/models +true +all automations +v2 2026-11-21 04:00 key_7 +pilot/);
    expect((await cli.run("toggles", "--history")).out).toContain("v1");
    const set = (...more: string[]) => cli.run("toggles", "set", "models", ...more, "--reason", "night");
    expect((await set("false")).out).toContain("was true");
    await set("7", "--automation", "refunds");
    await set("few", "--automation", "other", "--after", "4");
    const sent = asked.flatMap(({ method, body }) => (method === "PUT" ? [body] : []));
    expect(sent).toEqual([
      { value: false, reason: "night", after: 2 },
      { value: 7, reason: "night", after: 5, automation: "refunds" },
      { value: "few", reason: "night", after: 4, automation: "other" },
    ]);
    expect((await cli.run("toggles", "set", "models", "true")).exit).toBe(EXIT.usage);
    expect((await set("x".repeat(201))).exit).toBe(EXIT.usage);
  });
});

describe("colour", () => {
  const list = { body: { tasks: [], next: null } };
  it.each([
    ["a terminal", { isTerminal: true }, [], true],
    ["a pipe", { isTerminal: false }, [], false],
    ["NO_COLOR", { isTerminal: true, env: { NO_COLOR: "1" } }, [], false],
    ["--no-color", { isTerminal: true }, ["--no-color"], false],
    ["a dumb terminal", { isTerminal: true, env: { TERM: "dumb" } }, [], false],
  ])("with %s", async (_, platform, options, isColoured) => {
    against(() => list, platform);
    expect((await cli.run("tasks", "--help", ...options)).out.includes("\u001b[")).toBe(isColoured);
  });
});

describe("verify", () => {
  /** A server that answers with a record. */
  async function serving(record: TestRecord, change: (entries: string[]) => string[] = (entries) => entries) {
    const checkpoint = await checkpointOf(record.entries);
    const entries = change([...record.entries]);
    const published = new Map(
      extendTiles(
        0,
        record.entries.map((entry) => leafHash(utf8(entry))),
      ).map(({ tile, bytes }) => [tilePath(tile), bytes]),
    );
    return against(({ path: asked }) => {
      if (asked === `/log/${TENANT}/checkpoint`) return { body: checkpoint, type: "text/plain" };
      const tile = published.get(asked.slice(`/log/${TENANT}/`.length));
      if (tile !== undefined) return { body: tile, type: "application/octet-stream" };
      if (!asked.startsWith("/v1/ledger/entries")) return null;
      const query = new URLSearchParams(asked.split("?")[1]);
      const from = Number(query.get("from"));
      const page = entries.slice(from, from + Math.min(3, Number(query.get("limit"))));
      return { body: { entries: page.map((body, i) => ({ index: from + i, body })), next: null } };
    });
  }

  it("reads every page, and says where its trust comes from", async () => {
    const { record } = await honestRecord();
    await serving(record);
    const text = await cli.run("verify");
    expect([text.exit, text.out]).toEqual([0, expect.stringContaining("The record verifies.")]);
    expect(text.out).toContain(".countersign/dev.json");
    const { json } = await cli.run("verify", "--json");
    expect(Object.keys(json)).toEqual([
      "verified",
      "tenant",
      "origin",
      "checkpoint",
      "checks",
      "chains",
      "counts",
      "alarms",
      "epochs",
      "rewinds",
      "notAuthenticated",
      "trust",
    ]);
    expect(Object.keys(json.checks[0])).toEqual(["check", "status", "what", "verified", "failed", "findings"]);
    expect(json.counts.entries).toBe(record.entries.length);
  });

  it("3: the record does not hold, and the report names what", async () => {
    const { record } = await honestRecord();
    await serving(record, (entries) => entries.with(2, entries[3]!));
    const ran = await cli.run("verify");
    expect([ran.exit, ran.out]).toEqual([EXIT.verification, expect.stringContaining("The record does NOT verify.")]);
    expect(ran.out).toMatch(/FAILED\s+tree/);
  });

  it("3: a server that holds entries back", async () => {
    const { record } = await honestRecord();
    await serving(record, (entries) => entries.slice(0, 4));
    expect((await cli.run("verify")).exit).toBe(EXIT.verification);
  });

  it("keeps a download, verifies it without a network, and finds a flipped bit in each file", async () => {
    const { record } = await honestRecord();
    await serving(record);
    expect((await cli.run("verify", "--out", "kept")).exit).toBe(0);
    const folder = path.join(cli.folder, "kept");
    const tile = `tile/0/000.p/${record.entries.length}`;
    const offline = commandLine(null, { fetch: () => Promise.reject(new Error("no network")) });
    const trust = path.join(cli.folder, "trust.json");
    writeFileSync(trust, JSON.stringify(trustConfig));
    const check = () => offline.run("verify", "--dir", folder, "--trust", trust);
    expect((await check()).exit).toBe(0);
    for (const name of ["checkpoint", "entries.jsonl", tile]) {
      const file = path.join(folder, name);
      const good = readFileSync(file);
      for (const at of [0, good.length >> 1, good.length - 1]) {
        const bad = Buffer.from(good);
        bad[at]! ^= 1;
        writeFileSync(file, bad);
        expect((await check()).exit).toBe(EXIT.verification);
      }
      writeFileSync(file, good);
    }
    offline.remove();
  });

  it("goes on with a download where it ended, and verifies what is new; with --again everything", async () => {
    const { record } = await honestRecord();
    await serving(record);
    expect((await cli.run("verify", "--out", "kept")).exit).toBe(0);
    const before = record.entries.length;
    // A line that a broken download left half.
    appendFileSync(path.join(cli.folder, "kept", "entries.jsonl"), '{"half');
    await record.allowed("dev/eu/0", "refund:W3");
    await record.deliver("dev/eu/0");
    const keptFolder = cli.folder;
    const asked = await serving(record);
    const folder = path.join(keptFolder, "kept");
    const more = await cli.run("verify", "--out", folder, "--json");
    expect([more.exit, more.json.resumedFrom, more.json.counts.entries]).toEqual([0, before, before + 2]);
    const pages = asked.filter((one) => one.path.startsWith("/v1/ledger/entries"));
    expect(pages.map((one) => new URLSearchParams(one.path.split("?")[1]).get("from"))).toEqual([String(before)]);
    const text = await cli.run("verify", "--out", folder);
    expect(text.out).toContain(`the first ${before + 2} entries were verified before`);
    const again = await cli.run("verify", "--out", folder, "--again", "--json");
    expect([again.exit, again.json.resumedFrom, again.json.counts]).toEqual([0, undefined, more.json.counts]);
    // Another log in the place of the one that was verified: each is honest in itself.
    await serving((await honestRecord()).record);
    rmSync(path.join(folder, "entries.jsonl"));
    const other = await cli.run("verify", "--out", folder, "--json");
    expect(other.json.checks.filter(({ status }: any) => status === "failed").map(({ check }: any) => check)).toEqual([
      "history",
    ]);
  });

  it("says how far it is: over one line where a person sits there, a line now and then otherwise", async () => {
    const entries = async function* () {
      for (let i = 0; i < 256; i++) yield new Uint8Array();
    };
    const said = async (isInteractive: boolean) => {
      let text = "";
      let nowMs = 0;
      const platform = { isInteractive, nowMs: () => (nowMs += 6_000), err: (part: string) => void (text += part) };
      for await (const _ of counting(entries(), { platform, what: "verified", total: 512 }));
      return text;
    };
    expect(await said(false)).toBe("verified 128 of 512 entries, 11/s\nverified 256 of 512 entries, 11/s\n");
    const line = await said(true);
    expect(line.split("\r").map((part) => part.replace("\u001b[K", ""))).toEqual([
      "",
      ...[64, 128, 192, 256].map((count) => `verified ${count} of 512 entries, 11/s`),
      "",
    ]);
  });

  it("believes nobody where nothing is pinned, and wants what it was not given", async () => {
    const { fetch } = server(() => null);
    cli = commandLine(null, { fetch });
    expect((await cli.run("verify", "--url", URL, "--key", "k", "--tenant", TENANT)).exit).toBe(EXIT.usage);
    expect((await cli.run("verify", "--dir", cli.folder, "--out", "x")).exit).toBe(EXIT.usage);
  });
});
