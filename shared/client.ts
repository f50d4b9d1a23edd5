/**
 * The typed client of the public HTTP interface. It does no I/O of its own: `fetch` is passed in. Every call answers with a Result;
 * the problem of a failed one carries the server's stable code, or `not-running` when the server could not be reached.
 * Answers are checked against the schemas of views.ts and api.ts, so that a surprising one is a problem and not a crash later.
 */
import * as z from "zod";
import * as api from "./api.ts";
import { createTransport, parse, toProblem, type Call, type ClientOptions } from "./client-transport.ts";
import { answerCalls } from "./client-answers.ts";
import { memoryCalls } from "./client-memory.ts";
import { toggleCalls } from "./client-toggles.ts";
import { RewindApplied, RewindFound } from "./api/rewinds.ts";
import type { SignedEpoch } from "./epoch.ts";
import type { SignedRewind } from "./rewind.ts";
import type { AgentStep, Intent } from "./intent.ts";
import type { Json, JsonObject } from "./json.ts";
import type { OutcomeReport } from "./outcome.ts";
import { problem } from "./problems.ts";
import type { ReleaseBundle } from "./release.ts";
import { err, ok, type Result } from "./result.ts";
import type { Envelope } from "./signing.ts";
import { readEventStream } from "./sse.ts";
import { ReviewView, TaskEventView, TaskView } from "./views.ts";
import type { StopKind, StopMode, TaskStatus } from "./events.ts";

export type { ClientOptions, Fetch } from "./client-transport.ts";

export type Signed = { readonly envelope: Envelope; readonly chain: readonly Envelope[] };
/** Without a chain the server looks the enrolments up by the key id. */
export type SignedDecision = { readonly envelope: Envelope; readonly chain?: readonly Envelope[] };
export type SignedWord = SignedDecision & { readonly result: { readonly salt: string; readonly value: Json } | null };
export type EventRequest = {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly correlationkey?: string;
  readonly subject?: string;
  readonly time?: string;
  readonly data?: Json;
};
export type IntentRequest = Omit<Intent, "input"> & { readonly input: JsonObject };
export type StepRequest = Omit<AgentStep, "args"> & { readonly args: JsonObject };
export type ProposalRequest = {
  readonly steps: readonly StepRequest[];
  readonly last?: boolean;
  readonly idempotencyKey?: string;
} & (
  | { readonly task: string }
  | { readonly automation: string; readonly request: JsonObject; readonly region?: string }
);
/** `view` is set when the task was answered in full, which happens when it settled within `waitSeconds`. */
export type SubmittedTask = {
  readonly task: string;
  readonly status: TaskStatus;
  readonly view: TaskView | null;
};

type Waiting = { readonly waitSeconds?: number; readonly signal?: AbortSignal };
type Repeatable = Waiting & { readonly idempotencyKey?: string };

export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions) {
  const { send, json, text } = createTransport(options);
  const submit = async (
    path: string,
    body: unknown,
    { waitSeconds, idempotencyKey, signal }: Repeatable,
  ): Promise<Result<SubmittedTask>> => {
    const response = await send(
      {
        method: "POST",
        path,
        body,
        headers: { prefer: preferWait(waitSeconds), "idempotency-key": idempotencyKey },
        ...(signal === undefined ? {} : { signal }),
      },
      "application/json",
    );
    if (!response.ok) return response;
    const { status } = response.value;
    const answer = await response.value.text();
    if (status === 200) {
      const view = parse(answer, TaskView);
      return view.ok ? ok({ task: view.value.id, status: view.value.status, view: view.value }) : view;
    }
    const accepted = parse(answer, api.Accepted);
    return accepted.ok ? ok({ task: accepted.value.task, status: accepted.value.status, view: null }) : accepted;
  };

  const get = <T>(path: string, schema: z.ZodType<T>, query: Call["query"] = {}) =>
    json({ method: "GET", path, query }, schema);
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>) => json({ method: "POST", path, body }, schema);
  const at = encodeURIComponent;

  return {
    /** `POST /v1/intents` (app, operator, admin). */
    submitIntent: (intent: IntentRequest, options: Repeatable = {}) => submit("/v1/intents", intent, options),
    /** `POST /v1/proposals` (agent). */
    propose: (proposal: ProposalRequest, options: Repeatable = {}) => submit("/v1/proposals", proposal, options),

    /** Reads the executor itself: what this client wrote is in it. With `waitSeconds` it answers once the task settles or the time is over. */
    readTask: (task: string, { waitSeconds, signal }: Waiting = {}) =>
      json(
        {
          method: "GET",
          path: `/v1/tasks/${at(task)}`,
          headers: { prefer: preferWait(waitSeconds) },
          ...(signal === undefined ? {} : { signal }),
        },
        TaskView,
      ),
    /** Pages through the ledger's read model, newest first. */
    listTasks: (
      filter: {
        automation?: string;
        status?: string;
        region?: string;
        cursor?: string;
        limit?: number;
      } = {},
    ) => get("/v1/tasks", api.TaskPage, filter),
    cancelTask: (task: string) => post(`/v1/tasks/${at(task)}/cancel`, {}, TaskView),
    /** Whether what the task decided was right, also after its end. */
    reportOutcome: (task: string, report: OutcomeReport) => post(`/v1/tasks/${at(task)}/outcome`, report, TaskView),
    calibration: (automation: string, filter: { from?: string; to?: string; error?: string } = {}) =>
      get(`/v1/automations/${at(automation)}/calibration`, api.CalibrationView, filter),
    /** Automatic actions that were drawn at random and are to be judged. */
    listSamples: () => get("/v1/samples", api.SamplePage),
    judgeStep: (task: string, step: string, judgement: api.Judgement) =>
      post(`/v1/tasks/${at(task)}/steps/${at(step)}/judgement`, judgement, TaskView),
    listNotices: () => get("/v1/notices", api.NoticePage),
    explainTask: (task: string) => get(`/v1/tasks/${at(task)}/explain`, api.Explanation),
    traceTask: (task: string) => get(`/v1/tasks/${at(task)}/trace`, api.ExportTraceServiceRequest),
    explainTaskAsMarkdown: (task: string) =>
      text({ method: "GET", path: `/v1/tasks/${at(task)}/explain` }, "text/markdown"),

    /**
     * The events of a task as they happen, from after chain position `after`. The server caps each stream; this one asks again from where
     * it stopped and ends when the task has settled, with one problem when the server refuses, or when `signal` aborts.
     */
    async *followTask(
      task: string,
      { after = 0, signal }: { after?: number; signal?: AbortSignal } = {},
    ): AsyncGenerator<Result<TaskEventView>> {
      let last = after;
      // Events yielded since the last id: a record that broke off is sent again from its beginning.
      let since = 0;
      const left = () => signal?.aborted === true;
      while (!left()) {
        const response = await send(
          {
            method: "GET",
            path: `/v1/tasks/${at(task)}/events`,
            headers: { "last-event-id": String(last) },
            ...(signal === undefined ? {} : { signal }),
          },
          "text/event-stream",
        );
        if (!response.ok) {
          if (!left()) yield response;
          return;
        }
        if (response.value.body === null) return;
        let again = since;
        try {
          for await (const message of readEventStream(response.value.body)) {
            if (message.event === "settled") return;
            if (message.event === "problem") {
              yield err(toProblem(message.data));
              return;
            }
            if (message.event !== "task-event") continue;
            const event = parse(message.data, TaskEventView);
            if (again > 0) again -= 1;
            else {
              since += 1;
              yield event;
            }
            if (message.id !== null && event.ok) [last, since, again] = [event.value.seq, 0, 0];
          }
        } catch (cause) {
          if (left()) return;
          const why = cause instanceof Error ? cause.message : "unknown";
          yield err(problem("not-running", `The stream broke off: ${why}`));
          return;
        }
      }
    },

    listReviews: () => get("/v1/reviews", api.ReviewPage),
    readReview: (review: string) => get(`/v1/reviews/${at(review)}`, ReviewView),
    /** `POST /v1/events` (app, operator, admin): one structured CloudEvent. */
    sendEvent: (event: EventRequest) => post("/v1/events", event, api.EventAnswer),
    /** `POST /v1/tasks/{id}/signals` (app, operator, admin). */
    signalTask: (task: string, signal: { readonly name: string; readonly id: string; readonly payload?: Json }) =>
      post(`/v1/tasks/${at(task)}/signals`, signal, api.SignalReceived),
    /** `POST /v1/tasks/{id}/steps/{step}/resolve` (approver, operator, admin): a signed word on what became of an effect in doubt. */
    resolveStep: (task: string, step: string, signed: SignedWord) =>
      post(`/v1/tasks/${at(task)}/steps/${at(step)}/resolve`, signed, TaskView),
    /** `GET …/reverse`: until when a step may be reversed, and what depends on it. */
    previewReversal: (task: string, step: string) =>
      get(`/v1/tasks/${at(task)}/steps/${at(step)}/reverse`, api.DependentsView),
    /** `POST …/reverse` (app, operator, admin): takes an applied action back. */
    reverseStep: (task: string, step: string, ask: { readonly reason: string; readonly cascade?: boolean }) =>
      post(`/v1/tasks/${at(task)}/steps/${at(step)}/reverse`, ask, api.ReversalAnswer),
    /** Sends a decision that the caller's own device signed. */
    decideReview: (review: string, signed: SignedDecision) =>
      post(`/v1/reviews/${at(review)}/decision`, signed, ReviewView),

    /** Asks an admin to enrol a key; `possession` is signed by that key. */
    requestEnrolment: (possession: Envelope) =>
      post("/v1/enrolments/requests", { possession }, api.EnrolmentRequestView),
    listEnrolments: () => get("/v1/enrolments", api.EnrolmentPage),
    enrol: (signed: Signed) => post("/v1/enrolments", signed, api.EnrolmentView),
    revokeKey: (kid: string, reason: string) => post(`/v1/keys/${at(kid)}/revoke`, { reason }, api.KeyRevoked),

    listAutomations: () => get("/v1/automations", api.AutomationPage),
    readAutomation: (name: string) => get(`/v1/automations/${at(name)}`, api.AutomationView),
    /** Creates the automation where it does not exist. */
    putAutomation: (name: string) =>
      json({ method: "PUT", path: `/v1/automations/${at(name)}`, body: {} }, api.AutomationView),
    pauseAutomation: (name: string, reason: string) =>
      post(`/v1/automations/${at(name)}/pause`, { reason }, api.Stopped),
    resumeAutomation: (name: string, restore: Signed) =>
      post(`/v1/automations/${at(name)}/resume`, restore, api.Restored),
    publishRelease: (name: string, bundle: ReleaseBundle) =>
      post(`/v1/automations/${at(name)}/releases`, { bundle }, api.ReleasePublished),
    /** The bundle of a release, as it was published. */
    readRelease: (name: string, digest: string) => get(`/v1/automations/${at(name)}/releases/${at(digest)}`, z.json()),
    promoteRelease: (name: string, digest: string, promotion: Signed) =>
      post(`/v1/automations/${at(name)}/releases/${at(digest)}/promote`, promotion, api.ReleasePromoted),

    listCapabilities: () => get("/v1/capabilities", api.CapabilityPage),
    revokeCapability: (name: string, reason: string, mode: StopMode = "stop-all") =>
      post(`/v1/capabilities/${at(name)}/revoke`, { reason, mode }, api.Stopped),
    restoreCapability: (name: string, restore: Signed) =>
      post(`/v1/capabilities/${at(name)}/restore`, restore, api.Restored),

    listStops: () => get("/v1/stops", api.StopPage),
    /** Not done until `done`: repeat it until nobody is missing. */
    setStop: (stop: { kind: StopKind; target: string; mode: StopMode; reason: string }) =>
      post("/v1/stops", stop, api.Stopped),
    liftStop: (restore: Signed) => post("/v1/stops/lift", restore, api.Restored),

    listJobs: () => get("/v1/jobs", api.JobPage),
    runJob: (name: string) => post(`/v1/jobs/${at(name)}/run`, {}, api.JobRunView),
    readSubject: (id: string) => get(`/v1/subjects/${at(id)}`, api.SubjectView),
    /** Not done until `done`: repeat it under the same key. */
    eraseSubject: (id: string, idempotencyKey: string) =>
      json(
        { method: "DELETE", path: `/v1/subjects/${at(id)}`, headers: { "idempotency-key": idempotencyKey } },
        api.SubjectErased,
      ),
    recordConsent: (id: string, purpose: string, word: { given: boolean; evidence?: string }) =>
      json({ method: "PUT", path: `/v1/subjects/${at(id)}/consents/${at(purpose)}`, body: word }, api.ConsentRecorded),
    ...answerCalls({ send, json, text }),
    ...memoryCalls(json),
    ...toggleCalls(json),

    ledgerEntries: (query: { from?: number; limit?: number; task?: string } = {}) =>
      get("/v1/ledger/entries", api.EntryPage, query),
    inclusionProof: (query: { index: number; size?: number }) => get("/v1/ledger/proof", api.InclusionProof, query),
    /** One inclusion proof for each entry of a task. */
    taskProof: (task: string) => get("/v1/ledger/proof", api.TaskProof, { task }),
    consistencyProof: (query: { from: number; to: number }) => get("/v1/ledger/proof", api.ConsistencyProof, query),
    applyEpoch: (signed: SignedEpoch) => post("/v1/ledger/epochs", signed, api.EpochApplied),
    rewindOf: (executor: string) => get("/v1/ledger/rewinds", RewindFound, { executor }),
    applyRewind: (signed: SignedRewind) => post("/v1/ledger/rewinds", signed, RewindApplied),
    ledgerState: () => get("/v1/ledger/state", api.LedgerState),
    witnesses: () => get("/v1/ledger/witnesses", api.WitnessPage),
    effects: (query: { region: string; after?: string; limit?: number }) =>
      get("/v1/ledger/effects", api.EffectPage, query),
    /** The newest signed checkpoint of a tenant's log, as the note's exact text. Public. */
    checkpoint: (tenant: string) => text({ method: "GET", path: `/log/${at(tenant)}/checkpoint` }, "text/plain"),
    /** A tile by its C2SP path, such as `tile/0/x001/067.p/5`. Public. */
    tile: async (tenant: string, path: string): Promise<Result<Uint8Array>> => {
      const response = await send({ method: "GET", path: `/log/${at(tenant)}/${path}` }, "application/octet-stream");
      return response.ok ? ok(new Uint8Array(await response.value.arrayBuffer())) : response;
    },

    budgets: () => get("/v1/budgets", api.BudgetsView),
    /** Asks for planning again where it has stopped for a person. */
    planTask: (id: string) => post(`/v1/tasks/${at(id)}/plan`, {}, TaskView),
    whoami: () => get("/v1/whoami", api.Whoami),
    /** Figures of a window: `1h`, `24h` (so without one), `7d` or `30d`. */
    metrics: (query: { window?: "1h" | "24h" | "7d" | "30d"; automation?: string; region?: string } = {}) =>
      get("/v1/metrics", api.Metrics, query),
    alerts: () => get("/v1/alerts", api.AlertPage),
    acknowledgeAlert: (id: string) => post(`/v1/alerts/${at(id)}/acknowledge`, {}, api.AlertView),
    overview: () => get("/v1/overview", api.Overview),
    trust: () => get("/v1/trust", api.TrustView),
    jwks: () => get("/.well-known/jwks.json", api.Jwks),
    /** Answers also when something fails; the reasons say what. */
    health: async (): Promise<Result<api.Health>> => {
      const response = await json({ method: "GET", path: "/healthz" }, api.Health);
      if (response.ok || response.problem.code !== "unhealthy") return response;
      const { reasons, now } = response.problem.facts ?? {};
      return ok({ status: "failing", reasons: Array.isArray(reasons) ? [...reasons] : [], now: String(now) });
    },
  };
}

const preferWait = (seconds: number | undefined): string | undefined =>
  seconds === undefined || seconds <= 0 ? undefined : `wait=${Math.ceil(seconds)}`;
