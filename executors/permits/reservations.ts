/**
 * Reservations under aggregate limits, as one executor keeps them. A row is written before a limit is asked and leaves when the limit was
 * told how the action ended, so that a crash at any point leaves nothing reserved for ever and nothing released that may have happened.
 *
 * V1  No limit is asked without a durable row that says so.
 * V2  A row's end follows from the task's stored state alone: applied settles, proved not executed or never claimed releases, anything else
 *     waits.
 * V3  A row of a step whose claim is being decided right now is left alone.
 */
import { LIMITS } from "../../shared/limits.ts";
import { within, type ObjectStorage, type Platform } from "../../shared/platform.ts";
import type { LimitRpc } from "../limits/limit.ts";
import type { Reserved } from "../limits/core.ts";
import type { Wanted } from "../task/permits.ts";
import type { StepPhase, TaskState } from "../task/state.ts";

export type ReservationsDeps = {
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
  readonly storage: ObjectStorage;
  readonly limitOf: (name: string) => LimitRpc;
  readonly tenant: string;
  readonly stateOf: (task: string) => TaskState | null;
};

export type Reservation = {
  readonly turn: number;
  readonly name: string;
  readonly limit: string;
  readonly over: boolean;
};
export type Reserving =
  | { readonly kind: "reserved"; readonly held: readonly Reservation[] }
  | { readonly kind: "exceeded"; readonly limits: readonly string[] }
  | { readonly kind: "unanswered" };

type Row = { turn: number; task: string; step: string; action: string; name: string };

export class Reservations {
  readonly #deps: ReservationsDeps;
  /** Turns whose step is being decided (V3). */
  readonly #held = new Set<number>();
  #isSweeping = false;
  /** Something changed since the present sweep began. */
  #isAsked = false;
  #rows: number;

  constructor(deps: ReservationsDeps) {
    this.#deps = deps;
    this.#rows = Number(deps.storage.sql.exec("SELECT count(*) AS n FROM reservations").one()["n"]);
  }

  /** Reservations whose end a limit has not been told. */
  get open(): number {
    return this.#rows;
  }

  /** Asks every limit at once; where one says no, what the others gave is given back. */
  async reserve(
    automation: string,
    at: { readonly task: string; readonly step: string; readonly action: string },
    { demands, peek }: Wanted,
  ): Promise<Reserving> {
    const asked = demands.map((demand) => ({
      ...demand,
      name: `${this.#deps.tenant}/${automation}/${demand.limit}/${demand.group}`,
      turn: peek ? Number.MAX_SAFE_INTEGER : 0,
    }));
    if (!peek) {
      // V1
      for (const one of asked) one.turn = this.#insert(at, one.name);
      await this.#deps.storage.sync();
    }
    const answers = await Promise.all(
      asked.map(({ name, turn, amount, max, windowMs, approved }) =>
        this.#ask(name, { action: at.action, turn, amount, max, windowMs, approved, peek }),
      ),
    );
    const exceeded = asked
      .filter((_, i) => answers[i]?.granted === false && answers[i]!.over)
      .map(({ limit }) => limit);
    const all = asked.map(({ turn, name, limit }, i) => ({ turn, name, limit, over: answers[i]?.over ?? false }));
    if (answers.every((answer) => answer?.granted === true)) return { kind: "reserved", held: peek ? [] : all };
    this.done(all);
    return exceeded.length > 0 ? { kind: "exceeded", limits: exceeded } : { kind: "unanswered" };
  }

  /** The step was decided: from here on its state says what becomes of the rows. */
  done(held: readonly Reservation[]): void {
    if (held.length === 0) return;
    for (const { turn } of held) this.#held.delete(turn);
    void this.sweep();
  }

  /** Tells limits how actions ended (V2). Safe at any time; what cannot be told now stays for the next sweep. */
  async sweep(): Promise<void> {
    this.#isAsked = true;
    if (this.#isSweeping || this.#rows === 0) return;
    this.#isSweeping = true;
    try {
      while (this.#isAsked) await this.#sweepOnce();
    } catch (error) {
      this.#deps.platform.log("reservations could not be ended", {
        message: error instanceof Error ? error.message : "unknown",
      });
    } finally {
      this.#isSweeping = false;
    }
  }

  async #sweepOnce(): Promise<void> {
    this.#isAsked = false;
    let after = 0;
    for (;;) {
      const rows = this.#deps.storage.sql
        .exec<Row>(
          "SELECT turn, task, step, action, name FROM reservations WHERE turn > ? ORDER BY turn LIMIT ?",
          after,
          LIMITS.reservationSweep,
        )
        .toArray();
      await Promise.all(rows.map((row) => this.#end(row)));
      if (rows.length < LIMITS.reservationSweep) return;
      after = rows.at(-1)!.turn;
    }
  }

  #insert({ task, step, action }: { task: string; step: string; action: string }, name: string): number {
    const { turn } = this.#deps.storage.sql
      .exec<{ turn: number }>(
        "INSERT INTO reservations (task, step, action, name) VALUES (?, ?, ?, ?) RETURNING turn",
        task,
        step,
        action,
        name,
      )
      .one();
    this.#held.add(turn);
    this.#rows++;
    return turn;
  }

  #ask(name: string, ask: Parameters<LimitRpc["reserve"]>[0]): Promise<Reserved | null> {
    return within<Reserved | null>(
      this.#deps.platform,
      LIMITS.permitAskMs,
      () => this.#deps.limitOf(name).reserve(ask),
      () => null,
    );
  }

  async #end({ turn, task, step, action, name }: Row): Promise<void> {
    if (this.#held.has(turn)) return;
    const phase = this.#deps.stateOf(task)?.steps.get(step)?.phase;
    const to = phase === undefined ? "released" : endOf(phase);
    if (to === null) return;
    const told = await within(
      this.#deps.platform,
      LIMITS.permitAskMs,
      async () => (await this.#deps.limitOf(name).end(action, turn, to), true),
      () => false,
    );
    if (!told) return;
    this.#deps.storage.sql.exec("DELETE FROM reservations WHERE turn = ?", turn);
    this.#rows--;
  }
}

/** What a step's state says of its reservation; null while it may still happen. */
function endOf(phase: StepPhase): "settled" | "released" | null {
  switch (phase.at) {
    case "applied":
      return "settled";
    case "applying":
    case "in_doubt":
      return null;
    default:
      return "released";
  }
}
