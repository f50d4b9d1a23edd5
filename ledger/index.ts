/** The ledger Worker. It has no public route: other Workers reach its entrypoint by binding. */
export { LedgerEntrypoint } from "./entrypoint.ts";
export { TraceExport } from "./exporter-object.ts";
export { Sequencer } from "./sequencer-object.ts";

export default {
  fetch: () => new Response("This Worker has no public route.\n", { status: 404 }),
};
