/**
 * The world of one test file: the real application over the real control database, with executors and a ledger that the test scripts.
 * Every call that reaches them is kept, so that a test can say what was asked and with what.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../../intent-manager/app.ts";
import type { Bindings } from "../../../intent-manager/bindings.ts";
import { ENDPOINTS } from "../../../intent-manager/routes/index.ts";
import { controlSql } from "../../../scripts/lib/control-seed.ts";
import { newTenantKeys, type ApiRole, type TenantKeys } from "../../../scripts/lib/keys.ts";
import { problem, type ProblemCode } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { ExecutorRpc, SubmitCommand } from "../../../shared/rpc.ts";
import type { TaskView } from "../../../shared/views.ts";

export const acme = newTenantKeys("acme");
export const globex = newTenantKeys("globex", { regions: ["eu"], shards: 2 });

type Script = { [method in keyof ExecutorRpc]?: (...args: never[]) => unknown };
export type ExecutorCall = { readonly executor: string; readonly method: string; readonly args: readonly unknown[] };

/** Everything that reached an executor, oldest first. */
export const calls: ExecutorCall[] = [];
/** What executors answer; a method that is not here refuses with not-found. `this` of the last call is in {@link calls}. */
export let script: Script = {};
export const answerWith = (next: Script): void => {
  script = next;
  calls.length = 0;
};
/** The arguments of the last call of a method. */
export const lastCall = <T = unknown>(method: keyof ExecutorRpc): T =>
  calls.findLast((call) => call.method === method)!.args[0] as T;

type Named = { readonly [method: string]: (...args: readonly unknown[]) => unknown };
const executor = (name: string) =>
  new Proxy(
    {},
    {
      get:
        (_, method: string) =>
        async (...args: readonly unknown[]): Promise<unknown> => {
          // The hot calls travel as text; a script sees what they carry.
          if (method === "inText")
            return JSON.stringify(
              await (executor(name) as unknown as Named)[args[0] as string]!(JSON.parse(args[1] as string)),
            );
          calls.push({ executor: name, method, args });
          const answer = script[method as keyof ExecutorRpc];
          return answer === undefined
            ? err(problem("not-found", "No script."))
            : (answer as (...args: readonly unknown[]) => unknown)(...args);
        },
    },
  ) as ExecutorRpc;

/** Statements that reached the control database since the test cleared it. */
export const statements: string[] = [];
const watched = (database: D1Database): D1Database =>
  new Proxy(database, {
    get(target, property) {
      if (property === "prepare")
        return (statement: string) => {
          statements.push(statement);
          return target.prepare(statement);
        };
      const value = Reflect.get(target, property) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

export const ledger: { [method: string]: (...args: never[]) => unknown } = {};
export const bindings = {
  ...env,
  CONTROL_DB: watched(env.CONTROL_DB),
  REGIONAL_EXECUTOR: { getByName: executor },
  LEDGER: new Proxy(
    {},
    {
      get:
        (_, method: string) =>
        async (...args: never[]) =>
          ledger[method]?.(...args) ?? err(problem("not-found", "No script.")),
    },
  ),
  EXECUTORS: { capabilities: async () => [], effects: async () => ok([]) },
} as unknown as Bindings;

const app = createApp(ENDPOINTS);

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: any };
type Init = {
  readonly method?: string;
  readonly body?: unknown;
  readonly raw?: BodyInit;
  readonly headers?: Record<string, string>;
};

/** A request with an API key (or none). `body` is sent as JSON, `raw` as it is. */
export async function send(
  key: string | null,
  path: string,
  { method, body, raw, headers }: Init = {},
): Promise<Answer> {
  const response = await sendRaw(key, path, {
    ...(method === undefined ? {} : { method }),
    body,
    ...(raw === undefined ? {} : { raw }),
    ...(headers === undefined ? {} : { headers }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

export async function sendRaw(
  key: string | null,
  path: string,
  { method, body, raw, headers }: Init = {},
): Promise<Response> {
  const sends = body !== undefined || raw !== undefined;
  const context = createExecutionContext();
  const response = await app.fetch(
    new Request(`http://countersign.test${path}`, {
      method: method ?? (sends ? "POST" : "GET"),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sends ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      ...(sends ? { body: raw ?? JSON.stringify(body) } : {}),
    }),
    bindings,
    context,
  );
  await waitOnExecutionContext(context);
  return response;
}

export const as = (role: ApiRole, tenant: TenantKeys = acme): string => tenant.apiKeys[role];

/** Both tenants with their keys. */
export async function seedTenants(): Promise<void> {
  for (const tenant of [acme, globex])
    await env.CONTROL_DB.batch(controlSql(tenant, 0).map((statement) => env.CONTROL_DB.prepare(statement)));
}

/** The view of a task as an executor answers it. */
export const viewOf = (
  command: Pick<SubmitCommand, "task" | "automation" | "release" | "region" | "principal">,
  status: TaskView["status"] = "running",
): TaskView => ({
  id: command.task,
  automation: command.automation,
  release: command.release,
  region: command.region,
  status,
  settled: ["succeeded", "failed", "cancelled", "expired"].includes(status),
  why: null,
  principal: command.principal,
  input: {},
  round: 1,
  openedAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  deadlineAt: "2026-01-02T00:00:00.000Z",
  executor: "acme/eu/0",
  seq: 1,
  recorded: false,
  steps: [],
});

/** Accepts every task, running. */
export const accepts = async (command: SubmitCommand) => ok({ view: viewOf(command), duplicate: false });
export const refuses = (code: ProblemCode, facts?: Record<string, string>): Result<never> =>
  err(problem(code, "As scripted.", facts));
