/**
 * Stand-ins for the Workers that another Worker's bindings name. They only let the runtime start and take what they are given:
 * what a test needs to answer otherwise, it passes into the code under test.
 */
const COMPATIBILITY_DATE = "2026-10-01";

const stub = (name: string, contents: string) => ({
  name,
  compatibilityDate: COMPATIBILITY_DATE,
  // A relative path: an absolute one stops the runtime.
  modules: [{ type: "ESModule" as const, path: "index.mjs", contents }],
});

/** Takes no delivery: the outbox keeps what it has. */
const ledger = stub(
  "countersign-ledger",
  `import { WorkerEntrypoint } from "cloudflare:workers";
   export class LedgerEntrypoint extends WorkerEntrypoint {
     async append() { return { ok: false, problem: { code: "not-running", detail: "A stub stands here." } }; }
     async tasks() { return { ok: true, value: { tasks: [], next: null } }; }
     async entries() { return { ok: true, value: { entries: [], next: null } }; }
     async health() { return { ok: false, problem: { code: "not-found", detail: "A stub stands here." } }; }
   }
   export default { fetch: () => new Response(null, { status: 404 }) };`,
);

/** Knows no task. */
const executors = {
  ...stub(
    "countersign-executors",
    `import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
     const refusal = { ok: false, problem: { code: "not-running", detail: "A stub stands here." } };
     export class RegionalExecutor extends DurableObject {
       async submit() { return refusal; }
       async propose() { return refusal; }
       async inText() { return JSON.stringify(refusal); }
       async context() { return refusal; }
       async read() { return refusal; }
       async wait() { return refusal; }
       async waiting() { return { ok: true, value: { reviews: [], doubts: [] } }; }
     }
     export class ExecutorsEntrypoint extends WorkerEntrypoint {
       async capabilities() { return []; }
     }
     export default { fetch: () => new Response(null, { status: 404 }) };`,
  ),
  durableObjects: { REGIONAL_EXECUTOR: { className: "RegionalExecutor", useSQLite: true } },
};

/** The stubs that each Worker's project needs, by its folder. */
export const STUBS = {
  "intent-manager": [executors, ledger],
  executors: [ledger],
  ledger: [],
};
