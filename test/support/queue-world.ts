/** The sending side of the Queue adapter beside a real queue: applies actions, and keeps the dead letters that come back. */
import { DurableObject } from "cloudflare:workers";
import { queueCapability, type QueueMessage } from "../../executors/adapters/queue.ts";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { publishEvent } from "../../executors/capabilities/events-publish.ts";
import { keepLetter, lettersKept, returnLetters, type KeepsLetters } from "../../executors/dead-letters.ts";
import { workersPlatform } from "../../executors/platform.ts";
import { migrate } from "../../executors/storage.ts";
import type { DeadLetter } from "../../shared/rpc.ts";

type World = { readonly OUTBOUND: Queue; readonly LETTERS: DurableObjectNamespace };

export class Letters extends DurableObject {
  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never);
    migrate(state.storage);
  }

  deadLetter(letter: Omit<DeadLetter, "at">): Promise<void> {
    return keepLetter(this.ctx.storage, letter, 1_000);
  }

  kept() {
    return lettersKept(this.ctx.storage.sql);
  }
}

export default {
  /** `POST { actions: […], data }` applies them; `GET /?executor=…` answers the letters that came back to it. */
  async fetch(request: Request, env: World): Promise<Response> {
    const executor = new URL(request.url).searchParams.get("executor");
    if (executor !== null) {
      const object = env.LETTERS.getByName(executor) as unknown as { kept(): Promise<unknown> };
      return Response.json(await object.kept());
    }
    const { contexts, data } = (await request.json()) as { contexts: ActionContext[]; data: string };
    const send = (message: QueueMessage) => env.OUTBOUND.send(message, { contentType: "json" });
    const capability = queueCapability(publishEvent, { send, setTimer: workersPlatform.setTimer });
    if (capability.kind !== "external") throw new Error("a queue is outside");
    const args = { topic: "orders.cancelled", subject: "#W1", data };
    const outcomes = [];
    for (const context of contexts) outcomes.push(await capability.apply(args, null, context));
    return Response.json(outcomes);
  },
  queue: (batch: MessageBatch, env: World) =>
    returnLetters(
      batch.messages,
      (name) => env.LETTERS.getByName(name) as unknown as KeepsLetters,
      workersPlatform.log,
    ),
};
