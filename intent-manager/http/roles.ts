/**
 * Which role of API key may call which route. The only place where that is said; a route without a line here does not start.
 * `any` is every valid key; `public` needs no key.
 */
import type { Role } from "./caller.ts";

const PEOPLE = ["approver", "operator", "admin"] as const;
const RUNS = ["operator", "admin"] as const;
const AUDITS = ["auditor", "operator", "admin"] as const;

export const ROUTE_ROLES: { readonly [route: string]: readonly Role[] | "any" | "public" } = {
  "POST /v1/intents": ["app", ...RUNS],
  "POST /v1/proposals": ["agent"],

  // An agent works in tasks whose unguessable ids it was given; it does not look around.
  "GET /v1/tasks": ["app", "approver", "operator", "auditor", "admin"],
  "GET /v1/tasks/{id}": "any",
  "GET /v1/tasks/{id}/events": "any",
  "GET /v1/tasks/{id}/explain": "any",
  "GET /v1/tasks/{id}/trace": "any",
  "POST /v1/events": ["app", ...RUNS],
  "POST /v1/tasks/{id}/signals": ["app", ...RUNS],
  "POST /v1/tasks/{id}/outcome": ["app", ...RUNS],
  "POST /v1/tasks/{id}/cancel": ["app", ...RUNS],
  "POST /v1/tasks/{id}/plan": ["app", ...RUNS],
  "GET /v1/budgets": [...AUDITS, "app"],

  // What planners are shown is no agent's to write, nor to search beyond its task.
  "GET /v1/memory": [...AUDITS, "app"],
  "PUT /v1/memory/{namespace}": RUNS,
  "DELETE /v1/memory/{namespace}": ["admin"],
  "GET /v1/memory/{namespace}": AUDITS,
  "POST /v1/memory/{namespace}/search": ["app", ...RUNS],
  "GET /v1/memory/{namespace}/{key}/history": [...AUDITS, "app"],
  "GET /v1/memory/{namespace}/{key}": [...AUDITS, "app"],
  "PUT /v1/memory/{namespace}/{key}": ["app", ...RUNS],
  "DELETE /v1/memory/{namespace}/{key}": ["app", ...RUNS],

  "POST /v1/tasks/{id}/steps/{step}/resolve": PEOPLE,
  "GET /v1/tasks/{id}/steps/{step}/reverse": [...PEOPLE, "app", "auditor"],
  "POST /v1/tasks/{id}/steps/{step}/reverse": ["app", ...RUNS],

  "GET /v1/reviews": [...PEOPLE, "auditor"],
  "GET /v1/reviews/{id}": [...PEOPLE, "auditor"],
  "POST /v1/reviews/{id}/decision": PEOPLE,

  "GET /v1/samples": [...PEOPLE, "auditor"],
  "POST /v1/tasks/{id}/steps/{step}/judgement": [...PEOPLE, "auditor"],
  "GET /v1/notices": [...PEOPLE, "auditor"],

  "POST /v1/enrolments/requests": PEOPLE,
  "GET /v1/enrolments": [...PEOPLE, "auditor"],
  "POST /v1/enrolments": ["admin"],
  "POST /v1/keys/{kid}/revoke": ["admin"],

  "GET /v1/automations": "any",
  "GET /v1/automations/{name}": "any",
  "PUT /v1/automations/{name}": RUNS,
  "POST /v1/automations/{name}/pause": RUNS,
  "POST /v1/automations/{name}/resume": RUNS,
  "POST /v1/automations/{name}/releases": RUNS,
  "GET /v1/automations/{name}/releases/{digest}": [...AUDITS, "approver"],
  "POST /v1/automations/{name}/releases/{digest}/promote": RUNS,

  "GET /v1/toggles": AUDITS,
  "PUT /v1/toggles/{name}": RUNS,

  "GET /v1/capabilities": "any",
  "POST /v1/capabilities/{name}/revoke": RUNS,
  "POST /v1/capabilities/{name}/restore": RUNS,

  "GET /v1/stops": [...PEOPLE, "auditor"],
  "POST /v1/stops": RUNS,
  "POST /v1/stops/lift": RUNS,

  "GET /v1/subjects/{id}": ["auditor", "admin"],
  "DELETE /v1/subjects/{id}": ["admin"],
  "PUT /v1/subjects/{id}/consents/{purpose}": ["app", ...RUNS],
  "GET /v1/automations/{name}/report": [...AUDITS, "approver"],
  "GET /v1/automations/{name}/calibration": [...AUDITS, "approver"],
  "GET /v1/runs": AUDITS,
  "GET /v1/tasks/{id}/run": [...AUDITS, "approver"],
  "POST /v1/tasks/{id}/replay": [...AUDITS, "approver"],
  "GET /v1/impact": [...AUDITS, "approver"],

  "GET /v1/tasks/{id}/evidence": ["auditor", "admin"],
  "GET /v1/evidence": ["auditor", "admin"],
  "GET /v1/ledger/entries": ["auditor", "admin"],
  "GET /v1/ledger/proof": AUDITS,
  "GET /v1/ledger/witnesses": AUDITS,
  "GET /v1/ledger/state": AUDITS,
  "POST /v1/ledger/epochs": RUNS,
  "GET /v1/ledger/rewinds": AUDITS,
  "POST /v1/ledger/rewinds": RUNS,
  "POST /v1/ledger/completeness": AUDITS,
  "GET /v1/ledger/effects": ["auditor", "admin"],
  "GET /v1/jobs": AUDITS,
  "POST /v1/jobs/{name}/run": RUNS,
  "GET /v1/trust": "any",
  "GET /v1/overview": "any",
  "GET /v1/metrics": [...PEOPLE, "auditor"],
  "GET /v1/alerts": [...PEOPLE, "auditor"],
  "POST /v1/alerts/{id}/acknowledge": PEOPLE,
  "GET /metrics": [...PEOPLE, "auditor"],
  "GET /v1/whoami": "any",

  "GET /log/{tenant}/checkpoint": "public",
  "GET /log/{tenant}/tile/entries/{path}": ["auditor", "admin"],
  "GET /log/{tenant}/tile/{path}": "public",
  "GET /.well-known/jwks.json": "public",
  "GET /v1/openapi.json": "public",
  "GET /docs/api": "public",
  "GET /problems/{code}": "public",
  "GET /healthz": "public",
};
