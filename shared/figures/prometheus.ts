/** Figures in the text format of Prometheus 0.0.4: counters since the first entry, and gauges of what is now. Pure. */
import type { Metrics } from "../api/metrics.ts";
import { DURATION_BOUNDS_MS, FIGURES, OVER, type FigureName, type FigureRow } from "./names.ts";

type Labels = { readonly [name: string]: string };
type Sample = { readonly suffix?: string; readonly labels: Labels; readonly value: number };

export function toPrometheus(rows: readonly FigureRow[], now: Metrics["now"], nowMs: number): string {
  const families = (Object.keys(FIGURES) as FigureName[]).map((name) => {
    const own = rows.filter((row) => row.name === name);
    const about: { kind: string; metric: string; help: string; label?: string; per?: number } = FIGURES[name];
    if (about.kind === "duration") return family(about.metric, "histogram", about.help, histogram(own));
    const samples = own.map((row) => ({
      labels: { ...where(row), ...(about.label === undefined ? {} : { [about.label]: row.label }) },
      value: about.kind === "sum" ? row.total / (about.per ?? 1) : row.n,
    }));
    return family(about.metric, "counter", about.help, samples);
  });
  return `${[...families, ...waits(rows, now, nowMs), ...gauges(now, nowMs)].filter((text) => text !== "").join("\n")}\n`;
}

const where = ({ automation, capability, region }: FigureRow): Labels => ({
  automation,
  region,
  ...(capability === "" ? {} : { capability }),
});

/** Cumulative buckets, as the format wants them. */
function histogram(rows: readonly FigureRow[]): Sample[] {
  const byPlace = new Map<string, FigureRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(where(row));
    byPlace.set(key, [...(byPlace.get(key) ?? []), row]);
  }
  return [...byPlace.values()].flatMap((own) => {
    const labels = where(own[0]!);
    const nOf = (label: string) => own.reduce((sum, row) => sum + (row.label === label ? row.n : 0), 0);
    let seen = 0;
    const buckets = DURATION_BOUNDS_MS.map((bound) => {
      seen += nOf(String(bound));
      return { suffix: "_bucket", labels: { ...labels, le: String(bound / 1_000) }, value: seen };
    });
    const count = seen + nOf(OVER);
    const total = own.reduce((sum, row) => sum + row.total, 0);
    return [
      ...buckets,
      { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
      { suffix: "_sum", labels, value: total / 1_000 },
      { suffix: "_count", labels, value: count },
    ];
  });
}

const age = (at: string | null, nowMs: number): number =>
  at === null ? 0 : Math.max(0, nowMs - Date.parse(at)) / 1_000;

/** What tasks wait for. Every automation and region that ever had a task has its sample, also while nothing waits: an alert sees it fall to 0. */
function waits(rows: readonly FigureRow[], { waits: open }: Metrics["now"], nowMs: number): string[] {
  const places = new Map<string, Labels>();
  for (const { automation, region } of [...rows.filter(({ name }) => name === "opened"), ...open])
    places.set(JSON.stringify([automation, region]), { automation, region });
  const about = {
    inDoubt: ["in_doubt", "an effect in doubt"],
    reviews: ["reviews", "a person"],
    held: ["held", "a gate or limit"],
    planning: ["planning", "a planner"],
  } as const;
  return (Object.keys(about) as (keyof typeof about)[]).flatMap((what) => {
    const [metric, words] = about[what];
    const each = [...places.values()].map((labels) => ({
      labels,
      own: open.find(({ automation, region }) => automation === labels["automation"] && region === labels["region"]),
    }));
    return [
      family(
        `${metric}_tasks`,
        "gauge",
        `Tasks that wait for ${words}.`,
        each.map(({ labels, own }) => ({ labels, value: own?.[what].tasks ?? 0 })),
      ),
      family(
        `${metric}_oldest_seconds`,
        "gauge",
        `Since when the oldest of them waits for ${words}.`,
        each.map(({ labels, own }) => ({ labels, value: age(own?.[what].oldestAt ?? null, nowMs) })),
      ),
    ];
  });
}

function gauges(now: Metrics["now"], nowMs: number): string[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]) => family(name, "gauge", help, samples);
  const one = (name: string, help: string, value: number) => gauge(name, help, [{ labels: {}, value }]);
  const each = (name: string, help: string, valueOf: (executor: Metrics["now"]["executors"][number]) => number) =>
    gauge(
      name,
      help,
      now.executors.map((executor) => ({ labels: { executor: executor.executor }, value: valueOf(executor) })),
    );
  const { traces, ledger } = now;
  return [
    each("executor_tasks_open", "Open tasks.", ({ open }) => open),
    each("executor_tasks_waiting", "Tasks that wait for somebody.", ({ waiting }) => waiting),
    each("outbox_records", "Records on their way to the ledger.", ({ undelivered }) => undelivered),
    each("outbox_oldest_seconds", "Age of the oldest of them.", (executor) => age(executor.oldestUndeliveredAt, nowMs)),
    each("due_oldest_seconds", "Age of the oldest work whose time has come.", (executor) =>
      age(executor.oldestDueAt, nowMs),
    ),
    each("executor_alarms", "Alarms raised.", ({ alarms }) => alarms),
    each("executor_stuck_tasks", "Tasks that only an operator can help.", ({ stuck }) => stuck),
    each("dead_letters", "Messages that no consumer could process.", ({ deadLetters }) => deadLetters),
    each("quarantined_tools", "Capabilities left alone because their tool changed.", ({ quarantined }) => quarantined),
    one("executors_silent", "Executors that did not answer.", now.silent.length),
    one("ledger_up", "Whether the ledger answered.", ledger === null ? 0 : 1),
    ...(ledger === null
      ? []
      : [
          one("ledger_entries", "Entries of the log.", ledger.size),
          one("read_model_lag_entries", "Entries that the slowest read model has not taken in.", ledger.lag),
          one("read_model_quarantined_entries", "Entries that a read model could not read.", ledger.quarantined),
        ]),
    ...(traces === null
      ? []
      : [
          one("trace_export_lag_entries", "Entries that the trace export has not looked at.", traces.lag),
          one("trace_export_pending_tasks", "Tasks whose spans wait to be sent.", traces.pending),
          one("trace_export_failing", "Whether the collector takes nothing.", traces.failing === null ? 0 : 1),
          family("trace_export_spans_total", "counter", "Spans sent.", [{ labels: {}, value: traces.sentSpans }]),
          family(
            "trace_export_dropped_total",
            "counter",
            "What was not sent, by why.",
            Object.entries(traces.dropped).map(([reason, value]) => ({ labels: { reason }, value })),
          ),
        ]),
  ];
}

/** Nothing where there is no sample: a family without one is no family. */
function family(metric: string, type: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const name = `countersign_${metric}`;
  const lines = samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${written(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
