/**
 * A stand-in for the intent-manager in the console's browser tests: the built page, and the part of the public interface that it uses.
 * Every answer is parsed with the schema of the interface before it is sent, so that it cannot drift from it unnoticed.
 * `npm run build:console && node test/support/console-mock.mjs 8900` serves it for looking around; it prints the keys.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import * as api from "../../shared/api.ts";
import { Attestation, SignedAttestation } from "../../shared/attestation.ts";
import { Possession } from "../../shared/members.ts";
import { keyId } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem, PROBLEMS, toProblemJson } from "../../shared/problems.ts";
import { openEnvelope } from "../../shared/signing.ts";
import { eventText } from "../../shared/sse.ts";
import { ReviewView, TaskEventView, TaskView } from "../../shared/views.ts";
import { enrolmentOf, makeKeys, makeWorld, RELEASE } from "./console-world.mjs";

// By its address, so that the compiler of the browser tests does not follow it into another runtime.
const { ROUTE_ROLES } = await import(new URL("../../intent-manager/http/roles.ts", import.meta.url).href);
const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "console", "dist");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const ROLES = {
  cs_app: ["app", null],
  cs_approver: ["approver", "ada"],
  cs_admin: ["admin", "grace"],
  cs_auditor: ["auditor", null],
};

/** Thrown by a handler, answered as problem+json. */
class Refused extends Error {
  constructor(code, detail) {
    super(code);
    this.problem = problem(code, detail);
  }
}

/** `dist`: the folder of the built console. */
export async function startConsoleMock(port = 0, dist = DIST) {
  const keys = await makeKeys();
  const world = await makeWorld(keys, Date.now());
  const enrolments = [];
  const requests = [];
  const followers = new Set();
  /** What tests look at: every decision that arrived, as it arrived. */
  const decisions = [];
  /** Tests put functions here; the first that answers true for a request has dealt with it. */
  const interceptors = [];

  const send = (response, status, schema, body) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(schema.parse(body)));
  };

  const emit = (task, event) => {
    const view = world.viewById.get(task);
    view.seq += 1;
    view.updatedAt = new Date().toISOString();
    const item = { seq: view.seq, at: view.updatedAt, event };
    const events = world.eventsById.get(task) ?? [];
    events.push(item);
    world.eventsById.set(task, events);
    for (const follower of followers) if (follower.task === task) follower.send(item);
  };

  async function decide(id, body) {
    const review = world.reviewById.get(id);
    if (review === undefined) throw new Refused("not-found", "There is no such review.");
    const { envelope } = SignedAttestation.partial({ chain: true }).parse(body);
    decisions.push(JSON.stringify(envelope));
    const kid = envelope.signatures[0].keyid;
    const enrolment = enrolments.find((one) => one.kid === kid && one.revokedAt === null);
    if (enrolment === undefined) throw new Refused("key-unknown", "No enrolment has this key id.");
    const opened = await openEnvelope(envelope, {
      payloadType: PAYLOAD_TYPES.attestation,
      keys: new Map([[kid, enrolment.key]]),
      schema: Attestation,
    });
    if (!opened.ok) throw new Refused(opened.problem.code, opened.problem.detail);
    const { payload } = opened.value;
    if (review.decidedBy?.includes(payload.id)) return review;
    if (review.status !== "waiting") throw new Refused("review-not-waiting", `The review is ${review.status}.`);
    if (payload.subject !== review.subject || payload.review !== id)
      throw new Refused("attestation-mismatch", "The attestation is over another subject.");
    if (review.required.some(({ approvedBy }) => approvedBy.includes(enrolment.member)))
      throw new Refused("already-decided", "This person already decided.");
    review.decidedBy = [...(review.decidedBy ?? []), payload.id];
    const view = world.viewById.get(review.task);
    emit(review.task, {
      type: "attested",
      step: review.step,
      review: id,
      attestation: payload.id,
      member: enrolment.member,
      roles: enrolment.roles,
      decision: payload.decision,
      envelope,
      chain: [enrolment.envelope, ...enrolment.chain],
    });
    if (payload.decision === "reject") review.status = "rejected";
    else
      for (const one of review.required) if (enrolment.roles.includes(one.role)) one.approvedBy.push(enrolment.member);
    if (review.required.every(({ quorum, approvedBy }) => approvedBy.length >= quorum)) review.status = "approved";
    if (review.status !== "waiting") {
      const step = view.steps.find((one) => one.id === review.step);
      step.status = review.status === "approved" ? "applied" : "skipped";
      Object.assign(view, {
        settled: true,
        why: null,
        status: review.status === "approved" ? "succeeded" : "cancelled",
      });
      emit(review.task, { type: review.status === "approved" ? "step-applied" : "step-skipped", step: review.step });
      emit(review.task, { type: "task-settled", status: view.status, why: null });
    }
    return review;
  }

  async function requestEnrolment(body) {
    const { possession } = z.strictObject({ possession: z.any() }).parse(body);
    const claimed = JSON.parse(Buffer.from(possession.payload, "base64").toString());
    const kid = keyId(claimed.key);
    const opened = await openEnvelope(possession, {
      payloadType: PAYLOAD_TYPES.possession,
      keys: new Map([[kid, claimed.key]]),
      schema: Possession,
    });
    if (!opened.ok) throw new Refused("possession-not-proved", opened.problem.detail);
    const request = { kid, member: claimed.member, key: claimed.key, createdAt: new Date().toISOString(), possession };
    requests.push(request);
    return request;
  }

  /** What an admin does on the command line. */
  async function enrol(kid, roles) {
    const index = requests.findIndex((one) => one.kid === kid);
    const [request] = requests.splice(index, 1);
    const envelope = await enrolmentOf({ publicJwk: request.key }, request.member, roles, keys.admin, Date.now());
    const chain = [await enrolmentOf(keys.admin, "grace", ["admin"], keys.root, Date.now())];
    enrolments.push({
      kid,
      member: request.member,
      roles,
      createdAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 365 * 86_400_000).toISOString(),
      revokedAt: null,
      envelope,
      chain,
      key: request.key,
    });
  }

  const rows = (url) => {
    const status = url.searchParams.get("status");
    const limit = Number(url.searchParams.get("limit") ?? 50);
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const all = [...world.viewById.values()]
      .filter((view) => status === null || view.status === status)
      .toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
    const tasks = all.slice(from, from + limit).map((view, i) => ({
      task: view.id,
      automation: view.automation,
      status: view.status,
      region: view.region,
      executor: view.executor,
      openedAt: view.openedAt,
      updatedAt: view.updatedAt,
      firstIndex: 3_204 - 3 * (from + i),
      lastIndex: 3_204 - 3 * (from + i) + (view.steps.length > 1 ? 2 : 0),
    }));
    return { tasks, next: from + limit < all.length ? String(from + limit) : null };
  };

  const overview = (who) => ({
    ...who,
    regions: ["eu", "us"],
    shards: 4,
    tasks: {
      open: [...world.viewById.values()].filter((view) => !view.settled).length,
      waiting: [...world.viewById.values()].filter((view) => view.status === "waiting").length,
    },
    executors: ["eu", "us"].flatMap((region) =>
      [0, 1, 2, 3].map((shard) => ({
        executor: `dev/${region}/${shard}`,
        open: shard === 2 ? 3 : 1,
        waiting: shard === 2 ? 1 : 0,
        head: 400 + shard * 31,
        delivered: 400 + shard * 31 - (region === "eu" && shard === 2 ? 2 : 0),
        alarms: [],
      })),
    ),
    incomplete: [],
    ledger: {
      size: 3_207,
      root: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
      executors: [],
      projections: [{ name: "tasks", cursor: 3_207, lag: 0, quarantined: 0 }],
    },
  });

  const explanation = (view) => ({
    task: view.id,
    automation: view.automation,
    release: view.release,
    region: view.region,
    status: view.status,
    settled: view.settled,
    why: view.why,
    asked: { principal: view.principal, trigger: null, purpose: null, input: view.input, at: view.openedAt },
    plans: [],
    steps: [],
    record: {
      executor: view.executor,
      seq: view.seq,
      recorded: view.recorded,
      entries: view.recorded
        ? [
            { index: 3_101, id: "evt_1", proof: "/v1/ledger/proof?index=3101" },
            { index: 3_104, id: "evt_2", proof: "/v1/ledger/proof?index=3104" },
          ]
        : [],
      checkpointSize: 3_207,
      missing: [],
    },
  });
  const markdown = (view) =>
    `# Task \`${view.id}\`\n\n**${view.automation}** in region ${view.region}: **${view.status}**.\n\n## What came in\n\n- asked by *${view.principal.member ?? view.principal.key}*\n- release \`${view.release.slice(0, 20)}\`\n\n## Steps\n\n| step | capability | decided |\n|---|---|---|\n${view.steps.map((one) => `| ${one.id} | \`${one.capability}\` | ${one.decision?.answer ?? "–"} by ${one.decision?.rules.join(", ") ?? "–"} |`).join("\n")}\n\n1. Checked the signature of the plan.\n2. Ran the release's policy again.\n\n> The ledger has it at entries 3101 and 3104.\n`;

  const automations = () => ({
    automations: [
      {
        name: "order-changes",
        release: RELEASE,
        serial: 3,
        promotedAt: new Date(Date.now() - 86_400_000).toISOString(),
        summary: "Changes, cancels and returns orders as the customer asks.",
        owner: "customer-operations",
        tier: 2,
        planner: "playbook",
        stop: null,
        releases: [],
      },
      {
        name: "support-desk",
        release: RELEASE,
        serial: 1,
        promotedAt: new Date().toISOString(),
        summary: "An outside agent answers customers and proposes changes.",
        owner: "support",
        tier: 1,
        planner: "agent",
        stop: state.stop,
        releases: [],
      },
    ],
  });
  /** Tests change what the system says about itself. */
  /** @type {{ stop: object | null, health: { status: string, reasons: string[] } }} */
  const state = { stop: null, health: { status: "ok", reasons: [] } };

  function follow(request, response, view) {
    const after = Number(request.headers["last-event-id"] ?? 0);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const follower = {
      task: view.id,
      after,
      close: () => response.destroy(),
      send: (item) => {
        response.write(eventText("task-event", JSON.stringify(TaskEventView.parse(item)), item.seq));
        if (item.event.type === "task-settled") response.end(eventText("settled", "{}"));
      },
    };
    followers.add(follower);
    response.on("close", () => followers.delete(follower));
    for (const item of world.eventsById.get(view.id) ?? []) if (item.seq > after) follower.send(item);
  }

  async function answer(request, response, url) {
    const body = request.method === "POST" ? JSON.parse(await text(request)) : null;
    if (url.pathname === "/healthz") return send(response, 200, api.Health, state.health);
    if (url.pathname === "/.well-known/jwks.json")
      return send(response, 200, api.Jwks, {
        keys: [keys.proposal, keys.receipt].map(({ publicJwk, kid }) => ({ ...publicJwk, kid, use: "sig" })),
      });
    const key = request.headers.authorization?.replace("Bearer ", "") ?? "";
    if (!Object.hasOwn(ROLES, key)) throw new Refused("unauthenticated", "A valid API key is required.");
    const [role, member] = ROLES[key];
    const who = { tenant: "dev", key: `key_${role}`, role, member };
    const [, , kind, rawId, part] = url.pathname.split("/");
    const id = rawId === undefined ? undefined : decodeURIComponent(rawId);
    const route = `${request.method} ${kind}${id === undefined ? "" : "/:id"}${part === undefined ? "" : `/${part}`}`;
    const allowed =
      ROUTE_ROLES[
        `${request.method} /v1/${kind}${id === undefined ? "" : id === "requests" ? "/requests" : "/{id}"}${part === undefined ? "" : `/${part}`}`
      ];
    if (allowed === undefined || (allowed !== "any" && !allowed.includes(role)))
      throw new Refused("forbidden", "This API key may not do that.");
    const view = kind === "tasks" && id !== undefined ? world.viewById.get(id) : undefined;
    if (kind === "tasks" && id !== undefined && view === undefined)
      throw new Refused("not-found", "There is no such task.");
    switch (route) {
      case "GET whoami":
        return send(response, 200, api.Whoami, who);
      case "GET overview":
        return send(response, 200, api.Overview, overview(who));
      case "GET automations":
        return send(response, 200, api.AutomationPage, automations());
      case "GET capabilities":
        return send(response, 200, api.CapabilityPage, { capabilities: [] });
      case "GET trust":
        return send(response, 200, api.TrustView, {
          tenant: "dev",
          rootKey: keys.root.publicJwk,
          logOrigin: "countersign.local/dev",
          regions: ["eu", "us"],
          shards: 4,
          proposalKeys: [keys.proposal.publicJwk],
          receiptKeys: [keys.receipt.publicJwk],
          checkpointKeys: [keys.checkpoint.publicJwk],
        });
      case "GET tasks":
        return send(response, 200, api.TaskPage, rows(url));
      case "GET tasks/:id":
        return send(response, 200, TaskView, view);
      case "GET tasks/:id/events":
        return follow(request, response, view);
      case "GET tasks/:id/explain":
        if (request.headers.accept !== "text/markdown") return send(response, 200, api.Explanation, explanation(view));
        response.writeHead(200, { "content-type": "text/markdown; charset=utf-8" });
        return response.end(markdown(view));
      case "GET reviews":
        return send(response, 200, api.ReviewPage, {
          reviews: [...world.reviewById.values()].filter(({ status }) => status === "waiting"),
          incomplete: [],
        });
      case "GET reviews/:id":
        if (!world.reviewById.has(id)) throw new Refused("not-found", "There is no such review.");
        return send(response, 200, ReviewView, world.reviewById.get(id));
      case "POST reviews/:id/decision":
        return send(response, 200, ReviewView, await decide(id, body));
      case "GET enrolments":
        return send(response, 200, api.EnrolmentPage, { enrolments, requests });
      case "POST enrolments/:id":
        return send(response, 201, api.EnrolmentRequestView, await requestEnrolment(body));
      default:
        throw new Refused("not-found", `The stand-in does not know ${route}.`);
    }
  }

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url, "http://localhost");
      for (const intercept of interceptors) if (await intercept(request, response, url)) return;
      if (!/^\/(v1|log|healthz|\.well-known)/.test(url.pathname)) return asset(dist, url.pathname, response);
      await answer(request, response, url);
    })().catch((cause) => {
      const refused =
        cause instanceof Refused ? cause.problem : problem("internal-error", String(cause?.message ?? cause));
      if (!response.headersSent)
        response.writeHead(PROBLEMS[refused.code].status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify(toProblemJson(refused)));
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}`,
    world,
    state,
    enrolments,
    requests,
    decisions,
    interceptors,
    emit,
    enrol,
    decide,
    /** Breaks every open event stream, as a proxy or a restart does. */
    breakStreams: () => followers.forEach((follower) => follower.close()),
    followers,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function text(request) {
  let all = "";
  for await (const chunk of request) all += chunk;
  return all;
}

/** The built page as the assets host serves it: a file, or `index.html`, with the headers of `_headers`. */
async function asset(dist, path, response) {
  const file = await readFile(join(dist, path)).catch(() => null);
  const [body, type] =
    file === null
      ? [await readFile(join(dist, "index.html")), TYPES[".html"]]
      : [file, TYPES[extname(path)] ?? "application/octet-stream"];
  const rules = await readFile(join(dist, "_headers"), "utf8");
  const headers = Object.fromEntries(
    rules
      .split("\n/")[0]
      .split("\n")
      .slice(1)
      .flatMap((line) =>
        line.trim() === "" ? [] : [[line.trim().split(": ")[0], line.trim().split(": ").slice(1).join(": ")]],
      ),
  );
  response.writeHead(200, { ...headers, "content-type": type });
  response.end(body);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startConsoleMock(Number(process.argv[2] ?? 8900));
  console.log(`${mock.url}  keys: ${Object.keys(ROLES).join(" ")}`);
}
