/** What the load generator is asked for and what it answers. Shared by both processes. */

export type Job = {
  readonly host: string;
  readonly port: number;
  /** Connections, each with one request under way at a time. */
  readonly clients: number;
  readonly seconds: number;
  /** Requests a second over all clients at most; null sends the next request as soon as the last one is answered. */
  readonly perSecond: number | null;
  /** First lines and headers of every request, without `Content-Length` and the empty line. `{n}` becomes a counter of nine digits. */
  readonly head: string;
  /** `{c}` becomes a number from 1000 to 9999 that goes round. */
  readonly body: string;
  /** First value of the counter. */
  readonly from: number;
  /** Stands in the body of every answer that counts as good. */
  readonly expect: string;
  /** Answers with the status 503 or 429 and a Retry-After count as refused, not as failed. */
  readonly mayRefuse?: boolean;
};

export type JobResult = {
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  /** The first answer that was not good. */
  readonly failure: string | null;
  readonly seconds: number;
  /** Milliseconds, of all good answers. */
  readonly p50: number;
  readonly p99: number;
  /** The same of the answers that refused. */
  readonly refusedP50: number;
  readonly refusedP99: number;
  /** Of the generator's own process. */
  readonly cpuSeconds: number;
  /** Bodies of some of the last answers. */
  readonly sample: readonly string[];
};
