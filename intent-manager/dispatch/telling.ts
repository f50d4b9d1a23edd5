/** Telling every executor of a tenant something that must reach all of them: twice before the answer, and for some seconds after it. */
import type { Result } from "../../shared/result.ts";
import type { ExecutorRpc } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import type { Caller } from "../http/caller.ts";
import type { Background } from "../http/fresh-cache.ts";
import { askAll, executorsOf, type FanOut } from "./fan-out.ts";

type Told<T> = { readonly answers: FanOut<T>["answers"]; readonly missing: readonly string[] };

/** Pauses before executors that have not confirmed are told again, after the answer. Whoever asked can repeat the request any time. */
const TELL_AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** `laterDone` runs once all are done after the answer. `isDone`: whether an executor that answered has nothing left to do; it is asked again otherwise. */
export async function tellAll<T>(
  { env, background, caller }: { readonly env: Bindings; readonly background: Background; readonly caller: Caller },
  ask: (executor: ExecutorRpc) => Promise<Result<T>>,
  isDone: (answer: T) => boolean = () => true,
  laterDone: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Told<T>> {
  const valueByExecutor = new Map<string, T>();
  const tell = async (names: readonly string[]): Promise<string[]> => {
    const { answers } = await askAll(env, caller.tenant, ask, names);
    for (const { executor, value } of answers) valueByExecutor.set(executor, value);
    return names.filter((name) => !valueByExecutor.has(name) || !isDone(valueByExecutor.get(name)!));
  };
  let left: readonly string[] = await tell(executorsOf(caller.tenant));
  if (left.length > 0) left = await tell(left);
  if (left.length > 0) background(keepTelling(left, tell).then((isOver) => (isOver ? laterDone() : null)));
  const answers = [...valueByExecutor].map(([executor, value]) => ({ executor, value }));
  return { answers, missing: executorsOf(caller.tenant).filter((name) => !valueByExecutor.has(name)) };
}

async function keepTelling(
  missing: readonly string[],
  tell: (names: readonly string[]) => Promise<readonly string[]>,
): Promise<boolean> {
  let left = missing;
  for (const ms of TELL_AGAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    left = await tell(left);
    if (left.length === 0) return true;
  }
  return false;
}
