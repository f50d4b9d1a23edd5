/**
 * The load generator's process. HTTP/1.1 over plain sockets, one request at a time on each: it must cost little, because it shares the
 * machine with what it measures. It reads no more of an answer than its status, its length and whether the expected text stands in it.
 */
import { connect, type Socket } from "node:net";
import type { Job, JobResult } from "./job.ts";

process.on("message", (job: Job) => {
  void runJob(job).then((result) => process.send!(result));
});

async function runJob(job: Job): Promise<JobResult> {
  const latencies: number[] = [];
  const sample: string[] = [];
  let failed = 0;
  const refusedAfter: number[] = [];
  let failure: string | null = null;
  let counter = job.from;
  // A fleet of clients keeps its connections: each is open, taken and answered once before the measured time.
  const lines = await Promise.all(Array.from({ length: job.clients }, () => Line.open(job.host, job.port)));
  await Promise.all(lines.map((line) => line.ask(`GET /problems/none HTTP/1.1\r\nHost: ${job.host}\r\n\r\n`)));
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + job.seconds * 1_000;
  const gapMs = job.perSecond === null ? 0 : (1_000 * job.clients) / job.perSecond;

  const client = async (line: Line, position: number): Promise<void> => {
    let due = startMs + (gapMs * position) / job.clients;
    for (;;) {
      const now = performance.now();
      if (due >= endMs) break;
      if (now < due) await new Promise((resolve) => setTimeout(resolve, due - now));
      const sentMs = performance.now();
      if (sentMs >= endMs) break;
      // A slot that was missed is lost, so a slow spell is not followed by a burst.
      due = gapMs === 0 ? 0 : Math.max(due + gapMs, sentMs);
      const answer = await line.ask(requestText(job, counter++));
      if (answer.startsWith("HTTP/1.1 2") && answer.includes(job.expect)) latencies.push(performance.now() - sentMs);
      else if (job.mayRefuse === true && REFUSED.test(answer)) {
        refusedAfter.push(performance.now() - sentMs);
        if (gapMs === 0) due = performance.now() + REFUSED_PAUSE_MS;
      } else {
        failed++;
        failure ??= answer.slice(0, 1_000);
      }
      if (latencies.length % 97 === 0) sample[Math.floor(latencies.length / 97) % 10] = bodyOf(answer);
    }
    line.close();
  };
  await Promise.all(lines.map(client));

  const seconds = (performance.now() - startMs) / 1_000;
  const spent = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  refusedAfter.sort((a, b) => a - b);
  return {
    done: latencies.length,
    failed,
    refused: refusedAfter.length,
    failure,
    seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    refusedP50: quantile(refusedAfter, 0.5),
    refusedP99: quantile(refusedAfter, 0.99),
    cpuSeconds: (spent.user + spent.system) / 1e6,
    sample: sample.filter((text) => text !== undefined),
  };
}

/** A client that asks as fast as it is answered does not hammer on a door that was closed to it. */
const REFUSED_PAUSE_MS = 100;

/** RFC 9110: the server says that it is overloaded, and when to come again. */
const REFUSED = /^HTTP\/1\.1 (?:503|429) [\s\S]*?\r\nretry-after: \d+\r\n/i;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

function requestText({ head, body }: Job, n: number): string {
  const text = body.replace("{c}", String(1_000 + (n % 9_000)));
  const length = text === "" ? "" : `Content-Length: ${text.length}\r\n`;
  return `${head.replace("{n}", String(n).padStart(9, "0"))}${length}\r\n${text}`;
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);

/** One kept-alive connection. */
class Line {
  readonly #socket: Socket;
  #received = "";
  #resolve: ((answer: string) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    // Latin-1 keeps one character for one byte, so lengths agree.
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", (error) => this.#reject?.(error));
    socket.on("close", () => this.#reject?.(new Error("the connection was closed")));
  }

  static open(host: string, port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new Line(socket)));
    });
  }

  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#received = "";
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#reject = null;
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    if (isWhole(this.#received)) this.#resolve?.(this.#received);
  }
}

/** Answers carry their length or are chunked; nothing else is sent by the Workers measured here. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end));
  return length === null ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length[1]);
}
