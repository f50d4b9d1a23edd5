/**
 * A callee that takes requests and never answers, beside tasks that only journal, all in one executor object: what the others notice of it.
 * Measured without it, with it and without it again, because a machine is never twice the same.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Job, JobResult } from "./job.ts";
import type { LoadGenerator } from "./load.ts";
import { short, times } from "./table.ts";
import { drained } from "./witness.ts";
import { startGoverned } from "./world.ts";

const CLIENTS = 16;
/** Calls that hang while the others are measured. */
const HANGING = 64;
/** How long an executor waits for a callee: what hangs must still hang when the measurement ends. */
const MOST_SECONDS = 5;

type Kind = Pick<Job, "body" | "expect">;

export async function measureHanging(
  generator: LoadGenerator,
  kind: Kind,
  headOf: (host: string, apiKey: string) => string,
  seconds: number,
): Promise<string> {
  const callee = await startSilent();
  const target = await startGoverned({ shards: 1, courier: callee.origin });
  let counter = 0;
  const run = async (duration: number): Promise<JobResult> => {
    const { host, port, keys } = target;
    const head = headOf(`${host}:${port}`, keys.apiKeys.app);
    const result = await generator.run({
      ...kind,
      host,
      port,
      clients: CLIENTS,
      seconds: duration,
      perSecond: null,
      from: counter,
      head,
    });
    counter += result.done + result.failed + CLIENTS;
    if (result.failed > 0) throw new Error(`beside a callee that hangs: the first wrong answer: ${result.failure}`);
    return result;
  };
  const hang = async (n: number): Promise<void> => {
    const response = await fetch(`http://${target.host}:${target.port}/v1/intents`, {
      method: "POST",
      headers: { authorization: `Bearer ${target.keys.apiKeys.app}`, "content-type": "application/json" },
      body: JSON.stringify({ automation: "pickup", input: { orderId: `#W${1_000_000 + n}` } }),
    });
    if (response.status !== 202) throw new Error(`a pickup was not taken: ${await response.text()}`);
  };
  const duration = Math.min(seconds, MOST_SECONDS);
  try {
    await run(1);
    const before = await run(duration);
    await drained(target);
    await Promise.all(Array.from({ length: HANGING }, (_, n) => hang(n)));
    await callee.holds(HANGING);
    // What starting them cost (claims, deliveries) is over: what is measured is that they hang.
    await drained(target);
    const beside = await run(duration);
    const held = callee.held();
    callee.hangUp();
    await drained(target);
    const after = await run(duration);
    const rate = ({ done, seconds: took }: JobResult) => done / took;
    const alone = { rate: (rate(before) + rate(after)) / 2, p99: (before.p99 + after.p99) / 2 };
    return [
      `One shard, ${CLIENTS} clients: ${short(rate(beside))} tasks/s (p99 ${short(beside.p99)} ms) beside ${held} calls whose callee never answers,`,
      `${short(alone.rate)} (p99 ${short(alone.p99)} ms) without them: ${times(rate(beside) / alone.rate)} the rate, ${times(beside.p99 / alone.p99)} the p99`,
    ].join(" ");
  } finally {
    callee.close();
    await target.stop();
  }
}

/** Takes every request and answers none. */
async function startSilent(): Promise<{
  readonly origin: string;
  readonly held: () => number;
  readonly holds: (count: number) => Promise<void>;
  /** Ends what is held, unanswered. */
  readonly hangUp: () => void;
  readonly close: () => void;
}> {
  let held = 0;
  const server: Server = createServer((_request, response) => {
    held++;
    response.on("close", () => held--);
    server.emit("held");
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    held: () => held,
    holds: async (count) => {
      while (held < count) await once(server, "held", { signal: AbortSignal.timeout(10_000) });
    },
    hangUp: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
