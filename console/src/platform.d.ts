/** Set by vite.config.ts: the API's origin, or "" for the page's own. */
declare const __API_ORIGIN__: string;

/** Names of the Workers runtime that the shared RPC types mention; the console makes no RPC. */
declare namespace Rpc {
  interface DurableObjectBranded {}
  interface WorkerEntrypointBranded {}
}
