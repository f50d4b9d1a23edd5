/**
 * The examinations of `countersign doctor`. Each answers with a line and never stops the others; what needs a server that does not answer
 * is left out after the line that says so.
 */
import type { Client } from "../../shared/client.ts";
import { keyId } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Overview } from "../../shared/api.ts";
import { clientOf, type Call } from "../command.ts";
import { ROLES, type Role } from "../settings.ts";
import { fine, refused, unknown, wrong, type Diagnosis } from "./diagnosis.ts";
import { diagnoseErasures } from "./erasures.ts";
import { examineKeeping } from "./keeping.ts";
import { diagnoseJobs } from "./jobs.ts";
import { diagnoseKeys } from "./keys.ts";
import { diagnoseLog } from "./log.ts";
import { examineAutomations, examineCapabilities, examineStops } from "./stopped.ts";
import { examineTraces } from "./traces.ts";

const START = "npm start";

export async function diagnose(call: Call): Promise<Diagnosis[]> {
  const lines: Diagnosis[] = [runtime()];
  const server = await examineServer(call);
  lines.push(...server);
  if (server[0]!.status === "problem") return lines;
  const keys = await examineKeys(call);
  lines.push(...keys.lines);
  if (keys.client === null) return lines;
  lines.push(
    ...(await examineOverview(keys.client)),
    ...(await diagnoseLog(call, keys.client)),
    await examineKeeping(keys.client),
    ...(await diagnoseKeys(keys.client, call.platform.nowMs())),
    await diagnoseJobs(keys.client, call.platform.nowMs()),
    await examineStops(keys.client),
    await examineAutomations(keys.client),
    await examineCapabilities(keys.client),
    await examinePeople(call, keys.client),
  );
  return lines;
}

function runtime(): Diagnosis {
  const { node } = process.versions;
  return Number(node.split(".")[0]) >= 24
    ? fine("node", node)
    : wrong("node", `${node} is older than 24`, "run it as npx countersign");
}

/** Does it answer, is it healthy (its database, migrations, key and policies), and do the clocks agree. */
async function examineServer({ platform, settings }: Call): Promise<Diagnosis[]> {
  const { url } = settings;
  const client = clientOf(settings, platform, null);
  const startedMs = platform.nowMs();
  const health = await client.health();
  const tookMs = platform.nowMs() - startedMs;
  if (!health.ok) return [refused("server", health.problem, START)];
  const answers = fine("server", `${url} answers in ${tookMs} ms`);
  const state =
    health.value.status === "ok"
      ? fine("health", "intent-manager: control database, proposal key and policies are there")
      : wrong("health", health.value.reasons.join("; "), START);
  return [answers, state, examineClock(health.value.now, startedMs + tookMs / 2)];
}

/** The server read its clock about half-way between our question and its answer. */
function examineClock(serverNow: string, halfwayMs: number): Diagnosis {
  const skewMs = Math.abs(halfwayMs - Date.parse(serverNow));
  if (Number.isNaN(skewMs)) return unknown("clock", "the server does not say what time it is");
  const seconds = Math.round(skewMs / 1_000);
  return skewMs <= LIMITS.clockSkewMs
    ? fine("clock", `within ${Math.max(1, seconds)} s of the server's`)
    : wrong(
        "clock",
        `${seconds} s away from the server's; signatures are refused from ${LIMITS.clockSkewMs / 1_000} s on`,
        "set the clock (NTP)",
      );
}

/** Whether each development key (or the one given) stands for the role that it should. */
async function examineKeys(call: Call): Promise<{ lines: Diagnosis[]; client: Client | null }> {
  const { settings, platform } = call;
  const given = settings.apiKey(["admin", "auditor", "operator"]);
  if (!given.ok) return { lines: [refused("API keys", given.problem, "give --key")], client: null };
  const client = clientOf(settings, platform, given.value);
  const isDevelopment = given.value === settings.dev?.apiKeys.admin;
  if (!isDevelopment) {
    const asked = await client.whoami();
    return asked.ok
      ? { lines: [fine("API key", `${asked.value.role} of ${asked.value.tenant}`)], client }
      : { lines: [refused("API key", asked.problem, "give another --key")], client: null };
  }
  const answers = await Promise.all(
    ROLES.map(async (role): Promise<[Role, string]> => {
      const key = settings.dev?.apiKeys[role];
      if (key === undefined) return [role, "is missing"];
      const asked = await clientOf(settings, platform, key).whoami();
      return [
        role,
        asked.ok ? (asked.value.role === role ? "" : `is taken for ${asked.value.role}`) : asked.problem.code,
      ];
    }),
  );
  const faults = answers.filter(([, fault]) => fault !== "").map(([role, fault]) => `${role} ${fault}`);
  return {
    lines: [
      faults.length === 0
        ? fine("API keys", `${ROLES.join(", ")} of ${settings.dev!.tenant}`)
        : wrong("API keys", faults.join("; "), `${START} (it writes .countersign/dev.json)`),
    ],
    client,
  };
}

async function examineOverview(client: Client): Promise<Diagnosis[]> {
  const overview = await client.overview();
  if (!overview.ok) return [refused("executors", overview.problem, START)];
  return [
    examineExecutors(overview.value),
    examineAlarms(overview.value),
    examineStuck(overview.value),
    examineDeadLetters(overview.value),
    examineTools(overview.value),
    ...diagnoseErasures(overview.value),
    examineOutboxes(overview.value),
    ...examineLedger(overview.value),
    ...examineTraces(overview.value),
  ];
}

function examineExecutors({ executors, incomplete, tasks }: Overview): Diagnosis {
  return incomplete.length === 0
    ? fine("executors", `${executors.length} answer; ${tasks.open} tasks open, ${tasks.waiting} reviews waiting`)
    : wrong(
        "executors",
        `no answer from ${incomplete.join(", ")}`,
        "look into .countersign/wrangler.log; is the executors Worker running?",
      );
}

function examineAlarms({ executors }: Overview): Diagnosis {
  const alarms = executors.flatMap(({ executor, alarms: raised }) =>
    raised.map(({ code, detail }) => `${executor}: ${code}: ${detail}`),
  );
  if (executors.length === 0) return unknown("alarms", "no executor answers");
  return alarms.length === 0
    ? fine("alarms", "none")
    : wrong(
        "alarms",
        alarms.join("; "),
        "countersign verify --witnesses; an executor with an alarm takes no new tasks",
      );
}

function examineStuck({ executors }: Overview): Diagnosis {
  if (executors.length === 0) return unknown("tasks", "no executor answers");
  const stuck = executors.flatMap((one) => one.stuck.map(({ task, why }) => `${task} (${why})`));
  return stuck.length === 0
    ? fine("tasks", "every task that was looked at can be read and goes on")
    : wrong(
        "tasks",
        `cannot be read or gone on with: ${stuck.join(", ")}`,
        "look for these ids in .countersign/wrangler.log; deploy the version, with the capabilities, that wrote them",
      );
}

function examineDeadLetters({ executors }: Overview): Diagnosis {
  if (executors.length === 0) return unknown("dead letters", "no executor answers");
  const count = executors.reduce((sum, { deadLetters }) => sum + deadLetters.count, 0);
  const named = executors.flatMap(({ deadLetters }) =>
    deadLetters.newest.map(({ task, step, capability }) => `${capability} of ${task}/${step}`),
  );
  return count === 0
    ? fine("dead letters", "none")
    : wrong(
        "dead letters",
        `messages that no consumer could process: ${count} (${named.slice(0, 5).join(", ")})`,
        "look into the consumer of countersign-outbound; the messages were handed over and not processed",
      );
}

function examineTools({ executors }: Overview): Diagnosis {
  if (executors.length === 0) return unknown("tools", "no executor answers");
  const changed = new Set(
    executors.flatMap(({ quarantined }) =>
      quarantined.map(({ capability, tool, found }) => `${capability} (${tool}, now ${found})`),
    ),
  );
  return changed.size === 0
    ? fine("tools", "no tool of another server was found changed")
    : wrong(
        "tools",
        `changed since they were pinned, and left alone: ${[...changed].join(", ")}`,
        "read the server's tool again; publish a contract with its new digest, or stop using it",
      );
}

/** A tenth of the limit is far more than a healthy outbox ever holds. */
const OUTBOX_WORRY_ROWS = LIMITS.outboxRows / 10;

function examineOutboxes({ executors }: Overview): Diagnosis {
  if (executors.length === 0) return unknown("outboxes", "no executor answers");
  const undelivered = executors.reduce((sum, { head, delivered }) => sum + head - delivered, 0);
  const full = executors
    .filter(({ head, delivered }) => head - delivered > OUTBOX_WORRY_ROWS)
    .map(({ executor, head, delivered }) => `${executor} ${head - delivered}`);
  return full.length === 0
    ? fine(
        "outboxes",
        undelivered === 0
          ? "everything is delivered to the ledger"
          : `${undelivered} records on their way to the ledger`,
      )
    : wrong(
        "outboxes",
        `undelivered records: ${full.join(", ")}`,
        "is the ledger Worker running? New tasks are refused once an outbox is full",
      );
}

function examineLedger({ ledger }: Overview): Diagnosis[] {
  if (ledger === null)
    return [
      wrong(
        "ledger",
        "it does not answer",
        "is the ledger Worker running, and its database migrated? npm start does both",
      ),
    ];
  const quarantined = ledger.projections
    .filter((projection) => projection.quarantined > 0)
    .map(({ name, quarantined: count }) => `${name} ${count}`);
  const behind = ledger.projections
    .filter(({ lag }) => lag > LIMITS.projectionEntries)
    .map(({ name, lag }) => `${name} ${lag}`);
  const models =
    quarantined.length > 0
      ? wrong(
          "read models",
          `entries that a read model could not read: ${quarantined.join(", ")}; the record itself is complete`,
          "update the ledger Worker, then rebuild the read model",
        )
      : behind.length > 0
        ? wrong(
            "read models",
            `entries behind: ${behind.join(", ")}`,
            "wait a little; if it grows, look into the ledger's log",
          )
        : fine(
            "read models",
            ledger.projections.map(({ name, lag }) => (lag === 0 ? name : `${name} (${lag} behind)`)).join(", ") ||
              "none",
          );
  return [fine("ledger", `${ledger.size} entries from ${ledger.executors.length} executors`), models];
}

/** Whether the development approver can approve. */
async function examinePeople({ settings, platform }: Call, client: Client): Promise<Diagnosis> {
  const page = await client.listEnrolments();
  if (!page.ok && page.problem.code === "forbidden")
    return unknown("people", "this key may not read enrolments", "give --key of an auditor or admin");
  if (!page.ok) return refused("people", page.problem, START);
  const standing = page.value.enrolments.filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && Date.parse(expiresAt) > platform.nowMs(),
  );
  const approver = settings.dev?.approver;
  if (approver !== undefined && !standing.some(({ kid }) => kid === keyId(approver.key)))
    return wrong("people", `the development approver ${approver.member} is not enrolled`, START);
  const waiting = page.value.requests.length;
  return fine(
    "people",
    `${standing.length} keys enrolled${waiting > 0 ? `, ${waiting} waiting (countersign keys list)` : ""}`,
  );
}
