/** What a run left behind, as plain rows: all that the checker sees. */
import type { Answer, Sent, Workload } from "./workload.ts";
import type { System } from "./system.ts";

export type Row = { readonly [column: string]: unknown };
export type Evidence = {
  readonly shards: readonly {
    readonly executor: string;
    readonly journal: readonly { readonly seq: number; readonly hash: string; readonly body: string }[];
    readonly isRewound: boolean;
    readonly isAlarmed: boolean;
    /** What people are shown as in doubt. */
    readonly doubts: readonly { readonly task: string; readonly step: string }[];
  }[];
  readonly entries: readonly { readonly idx: number; readonly body: string }[];
  readonly head: { readonly size: number; readonly root: string } | null;
  readonly accounts: readonly { readonly id: string; readonly balance: number }[];
  readonly transfers: readonly {
    readonly action: string;
    readonly task: string;
    readonly step: string;
    readonly src: string;
    readonly dst: string;
    readonly amount: number;
  }[];
  readonly effects: readonly {
    readonly action: string;
    readonly capability: string;
    readonly effect_key: string | null;
    readonly generation: number;
    readonly status: string;
  }[];
  readonly calls: readonly {
    readonly key: string;
    readonly task: string;
    readonly step: string;
    readonly keyed: boolean;
    readonly capability: string;
    readonly order: string;
  }[];
  readonly generations: readonly { readonly effect_key: string; readonly generation: number }[];
  /** Who holds the domain keys that stand in objects of their own. */
  readonly claims: readonly { readonly key: string; readonly action: string | null; readonly generation: number }[];
  /** What was sent and accepted: signals, and events that somebody may wait for. */
  readonly signals: readonly Sent[];
  readonly events: readonly Sent[];
  /** Waiting steps that were known where events come in, as `task step`. */
  readonly subscribed: ReadonlySet<string>;
  /** Public keys of the enrolled. */
  readonly keyOf: ReadonlyMap<string, string>;
  readonly isSkewed: boolean;
  readonly answers: readonly Answer[];
  /** Stops that a shard confirmed, as `shard stop`. */
  readonly stops: readonly string[];
};

export function evidenceOf(system: System, workload: Workload): Evidence {
  const all = <T>(database: System["business"], text: string): T[] => database.all(text, []) as T[];
  return {
    shards: system.shards.map((host) => ({
      executor: host.name,
      journal: all(host.disk.database, "SELECT seq, hash, body FROM journal ORDER BY seq"),
      isRewound: host.isRewound,
      isAlarmed: all(host.disk.database, "SELECT 1 FROM meta WHERE key = 'alarm'").length > 0,
      doubts: all(host.disk.database, "SELECT task, step FROM doubts"),
    })),
    entries: all(system.ledger, "SELECT idx, body FROM entries ORDER BY idx"),
    head:
      all<{ size: number; root: string }>(
        system.ledger,
        "SELECT size, root FROM batches ORDER BY seq DESC LIMIT 1",
      )[0] ?? null,
    accounts: all(system.business, "SELECT id, balance FROM sim_accounts"),
    transfers: all(system.business, "SELECT action, task, step, src, dst, amount FROM sim_transfers ORDER BY rowid"),
    effects: all(system.business, "SELECT action, capability, effect_key, generation, status FROM countersign_effects"),
    calls: system.callee.done,
    generations: all(system.business, "SELECT effect_key, generation FROM countersign_generations"),
    claims: system.claimBooks.flatMap(({ key, host }) =>
      all<{ action: string | null; generation: number }>(host.disk.database, "SELECT action, generation FROM held").map(
        (row) => ({ key, ...row }),
      ),
    ),
    signals: workload.signals,
    events: workload.events,
    subscribed: system.subscribed,
    keyOf: new Map(workload.fixture.people.map(({ member, key }) => [member, key.x])),
    isSkewed: system.run.countByFault.has("clock-skew"),
    answers: workload.answers,
    stops: workload.stops.map(({ stop }) => stop),
  };
}
