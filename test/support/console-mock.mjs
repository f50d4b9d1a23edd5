/**
 * A stand-in for the intent-manager in the console's browser tests: the built page, and the part of the public interface that it uses.
 * Every answer is parsed with the schema of the interface before it is sent, so that it cannot drift from it unnoticed.
 * `npm run build:console && node test/support/console-mock.mjs 8900` serves it for looking around; it prints the keys.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../../shared/api.ts";
import { problem, PROBLEMS, toProblemJson } from "../../shared/problems.ts";
import { eventText } from "../../shared/sse.ts";
import { ReviewView, TaskEventView, TaskView } from "../../shared/views.ts";
import { alerts, metrics } from "./console-figures.mjs";
import { impact, reasons } from "./console-impact.mjs";
import { automations, capabilities, explanation, markdown, overview, rows, trace } from "./console-answers.mjs";
import { makePeople, Refused } from "./console-people.mjs";
import { makeKeys } from "./console-signing.mjs";
import { makeWorld } from "./console-world.mjs";

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
  cs_operator: ["operator", null],
  cs_admin: ["admin", "grace"],
  cs_auditor: ["auditor", null],
};

const toggle = (name, value, version, reason, by = "key_operator") => ({
  name,
  automation: null,
  version,
  value,
  by,
  reason,
  at: new Date().toISOString(),
});

/** `dist`: the folder of the built console. */
export async function startConsoleMock(port = 0, dist = DIST) {
  const keys = await makeKeys();
  const world = await makeWorld(keys, Date.now());
  const followers = new Set();
  const people = makePeople(keys, world, (task, item) => {
    for (const follower of followers) if (follower.task === task) follower.send(item);
  });
  const { enrolments, requests } = people;
  /** Tests change what the system says about itself. */
  /** @type {{ stop: object | null, overview: object, alerts: object, acknowledged: string[], toggles: any[], health: { status: string, reasons: string[], now: string } }} */
  const state = {
    stop: null,
    overview: {},
    alerts: {},
    acknowledged: [],
    toggles: [toggle("models", true, 2, "the provider is back"), toggle("models", false, 1, "the provider is down")],
    health: { status: "ok", reasons: [], now: new Date().toISOString() },
  };
  /** Tests put functions here; the first that answers true for a request has dealt with it. */
  const interceptors = [];

  const send = (response, status, schema, body) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(schema.parse(body)));
  };

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
    const body = ["POST", "PUT"].includes(request.method) ? JSON.parse(await text(request)) : null;
    if (url.pathname === "/healthz") return send(response, 200, api.Health, state.health);
    if (url.pathname === "/.well-known/jwks.json")
      return send(response, 200, api.Jwks, {
        keys: [keys.proposal, keys.receipt].map(({ publicJwk, kid }) => ({ ...publicJwk, kid, use: "sig" })),
      });
    const key = request.headers.authorization?.replace("Bearer ", "") ?? "";
    if (!Object.hasOwn(ROLES, key)) throw new Refused("unauthenticated", "A valid API key is required.");
    const [role, member] = ROLES[key];
    const who = { tenant: "dev", key: `key_${role}`, role, member };
    const [, , kind, rawId, part, rawStep, act] = url.pathname.split("/");
    const step = rawStep === undefined ? undefined : decodeURIComponent(rawStep);
    const id = rawId === undefined ? undefined : decodeURIComponent(rawId);
    const route = `${request.method} ${kind}${id === undefined ? "" : "/:id"}${part === undefined ? "" : `/${part}`}`;
    const allowed =
      ROUTE_ROLES[
        `${request.method} /v1/${kind}${id === undefined ? "" : id === "requests" ? "/requests" : kind === "toggles" ? "/{name}" : "/{id}"}${part === undefined ? "" : `/${part}`}${step === undefined ? "" : `/{step}/${act}`}`
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
        return send(response, 200, api.Overview, { ...overview(world, who), ...state.overview });
      case "GET automations":
        return send(response, 200, api.AutomationPage, automations(state));
      case "GET capabilities":
        return send(response, 200, api.CapabilityPage, capabilities);
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
      case "GET impact":
        return send(response, 200, api.ImpactAnswer, impact(world, url));
      case "GET metrics":
        return send(response, 200, api.Metrics, metrics(url.searchParams.get("window") ?? "24h"));
      case "GET alerts":
        return send(response, 200, api.AlertPage, { ...alerts(state, who), ...state.alerts });
      case "POST alerts/:id/acknowledge":
        state.acknowledged.push(id);
        return send(
          response,
          200,
          api.AlertView,
          alerts(state, who).alerts.find((alert) => alert.id === id),
        );
      case "GET toggles":
        return send(response, 200, api.TogglePage, {
          toggles: state.toggles.filter(({ name }, i) => state.toggles.findIndex((one) => one.name === name) === i),
          history: state.toggles,
        });
      case "PUT toggles/:id": {
        const version = state.toggles.filter(({ name }) => name === id).length;
        if (body.after !== version) throw new Refused("toggle-moved", "Somebody else has set this toggle.");
        state.toggles.unshift(toggle(id, body.value, version + 1, body.reason, who.key));
        return send(response, 200, api.ToggleView, state.toggles[0]);
      }
      case "GET tasks":
        return send(response, 200, api.TaskPage, rows(world, url));
      case "GET tasks/:id":
        return send(response, 200, TaskView, view);
      case "GET tasks/:id/events":
        return follow(request, response, view);
      case "GET tasks/:id/explain":
        if (request.headers.accept !== "text/markdown")
          return send(response, 200, api.Explanation, { ...explanation(view), steps: reasons(view) });
        response.writeHead(200, { "content-type": "text/markdown; charset=utf-8" });
        return response.end(markdown(view));
      case "GET tasks/:id/trace":
        return send(response, 200, api.ExportTraceServiceRequest, trace(view));
      case "GET tasks/:id/evidence":
      case "GET evidence": {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        return response.end(`<!DOCTYPE html><title>Evidence</title>${url.pathname}${url.search}`);
      }
      case "GET reviews":
        return send(response, 200, api.ReviewPage, {
          reviews: [...world.reviewById.values()].filter(({ status }) => status === "waiting"),
          doubts: [...world.doubtByAction.values()],
          incomplete: [],
        });
      case "GET reviews/:id":
        if (!world.reviewById.has(id)) throw new Refused("not-found", "There is no such review.");
        return send(response, 200, ReviewView, world.reviewById.get(id));
      case "POST reviews/:id/decision":
        return send(response, 200, ReviewView, await people.decide(id, body));
      case "POST tasks/:id/steps":
        return send(response, 200, TaskView, await people.resolve(id, step, body));
      case "GET enrolments":
        return send(response, 200, api.EnrolmentPage, { enrolments, requests });
      case "POST enrolments/:id":
        return send(response, 201, api.EnrolmentRequestView, await people.requestEnrolment(body));
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
    ...people,
    interceptors,
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
