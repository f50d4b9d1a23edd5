/**
 * The executors Worker with executor objects that crash: the shipped code, over databases that abort the object in the middle of a
 * batch. An abort is what a lost machine is to an object: memory and running calls are gone, callers see a reset, storage is as it was.
 *
 * Each object crashes at the first batch that it sends for reading, and at the first batch that carries an action's effect, in turn
 *   before  the batch is sent: the claim stands, the effect does not
 *   during  it: the batch is on its way and nobody waits for its answer
 *   after   it was written: the effect stands, its receipt does not
 * The same happens at the first question that leaves for an outside system, and around the first request of each effect that does.
 *
 * What has crashed is remembered outside of the objects, so that every crash happens once and the next try goes through.
 *
 * `GET /crashes` on this Worker answers how many there were of each kind, and how often an object has started. After `GET /crashes/off` nothing
 * crashes any more, until `GET /crashes/on`.
 */
import shipped, { type EgressEntrypoint, RegionalExecutor as Shipped } from "../../../executors/index.ts";

export * from "../../../executors/index.ts";

const WINDOWS = ["before", "during", "after"] as const;
type Window = (typeof WINDOWS)[number];

const crashed = new Set<string>();
const crashes = { reading: 0, before: 0, during: 0, after: 0 };
let starts = 0;
let effects = 0;
let isOn = true;

export class RegionalExecutor extends Shipped {
  constructor(state: DurableObjectState, env: Env) {
    starts++;
    super(state, {
      ...env,
      BUSINESS_EU: crashingDatabase(env.BUSINESS_EU, state),
      BUSINESS_US: crashingDatabase(env.BUSINESS_US, state),
      EGRESS: crashingWay(env.EGRESS as unknown as Way, state) as unknown as Env["EGRESS"],
    });
  }
}

type Way = Pick<EgressEntrypoint, "send">;

function crashingWay(way: Way, state: DurableObjectState): Way {
  const send: Way["send"] = async (call) => {
    const isQuestion = call.method === "GET";
    const effect = `${call.path} ${call.headers["idempotency-key"] ?? call.body}`;
    if (!isFirst(isQuestion ? `read ${state.id.name}` : effect)) return way.send(call);
    if (isQuestion) return abort(state, "reading");
    const window: Window = WINDOWS[effects++ % WINDOWS.length]!;
    switch (window) {
      case "before":
        return abort(state, window);
      case "during":
        way.send(call).catch(() => {});
        return abort(state, window);
      case "after":
        await way.send(call);
        return abort(state, window);
    }
  };
  return { send };
}

function abort(state: DurableObjectState, kind: keyof typeof crashes): Promise<never> {
  crashes[kind]++;
  state.abort(`crash: ${kind}`);
  return new Promise(() => {});
}

function crashingDatabase(database: D1Database, state: DurableObjectState): D1Database {
  const batch = async <T>(statements: Bound[]): Promise<D1Result<T>[]> => {
    const actions = actionsOf(statements);
    const first =
      actions.length === 0
        ? isFirst(`read ${state.id.name}`)
        : actions.filter((action) => isFirst(`effect ${action}`)).length > 0;
    if (!first) return database.batch<T>(statements);
    if (actions.length === 0) return abort(state, "reading");
    const window: Window = WINDOWS[effects++ % WINDOWS.length]!;
    switch (window) {
      case "before":
        return abort(state, window);
      case "during":
        database.batch<T>(statements).catch(() => {});
        return abort(state, window);
      case "after":
        await database.batch<T>(statements);
        return abort(state, window);
    }
  };
  return { prepare: (text: string) => database.prepare(text), batch } as unknown as D1Database;
}

function isFirst(what: string): boolean {
  if (!isOn || crashed.has(what)) return false;
  crashed.add(what);
  return true;
}

/** workerd keeps the text and the parameters of a statement on it. */
type Bound = D1PreparedStatement & { readonly statement?: string; readonly params?: readonly unknown[] };

/** The actions whose effects a batch carries; none where it only reads. */
function actionsOf(statements: readonly Bound[]): string[] {
  return statements.flatMap(({ statement, params }) => {
    if (statement === undefined || params === undefined) throw new Error("a statement does not show its text");
    return statement.startsWith("INSERT INTO countersign_effects")
      ? [params.find((value) => typeof value === "string" && value.startsWith("act_")) as string]
      : [];
  });
}

export default {
  fetch: (request: Request): Response => {
    const [, root, turn] = new URL(request.url).pathname.split("/");
    if (root !== "crashes") return shipped.fetch();
    if (turn !== undefined) isOn = turn === "on";
    return Response.json({ ...crashes, starts });
  },
} satisfies ExportedHandler<Env>;
