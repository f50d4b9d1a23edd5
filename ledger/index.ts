/** The ledger Worker. It has no public route: other Workers reach its entrypoint by binding. */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Sequencer extends DurableObject {}

export class LedgerEntrypoint extends WorkerEntrypoint {}

export default {
  fetch: () => new Response("This Worker has no public route.\n", { status: 404 }),
};
