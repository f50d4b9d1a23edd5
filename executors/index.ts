/** The executors Worker. It has no public route: other Workers reach its objects by binding. */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class RegionalExecutor extends DurableObject {}

export class ExecutorsEntrypoint extends WorkerEntrypoint {}

export default {
  fetch: () => new Response("This Worker has no public route.\n", { status: 404 }),
};
