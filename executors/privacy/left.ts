/**
 * What of a task's values left the executor before they were erased, by its record: nobody can call that back. Counted, never with values.
 */
import type { LeftBefore } from "../../shared/rpc.ts";
import type { CapabilityRegistry } from "../adapters/types.ts";
import type { StepState, TaskState } from "../task/state.ts";

export const NOTHING_LEFT: LeftBefore = { actions: [], agents: [], readers: [] };

/** What a task sent out or showed: actions of capabilities that reach beyond the executor, agents that read it, people who were asked. */
export function leftBy(state: TaskState, registry: CapabilityRegistry): LeftBefore {
  const steps = [...state.steps.values()];
  const sent = steps.flatMap((step) => {
    const capability = registry.get(step.capability);
    const delivery = capability?.contract.delivery ?? "unknown";
    // A capability that is not deployed any more may have reached anywhere.
    const reachesOut = capability === undefined || capability.kind === "external";
    return reachesOut && hasReached(step) ? [{ capability: step.capability, delivery, count: 1 }] : [];
  });
  const agents = [...new Set(steps.filter(({ planner }) => planner !== "playbook").map(({ agent }) => agent))];
  const readers = [...new Set(steps.flatMap(({ review }) => review?.approvals.map(({ member }) => member) ?? []))];
  return {
    actions: sent,
    agents: agents.map((agent) => ({ agent, tasks: 1 })),
    readers: readers.map((member) => ({ member, tasks: 1 })),
  };
}

/** Applied, claimed, or in doubt: its request may have left. What was only read from a target sent its arguments too. */
const hasReached = ({ phase, attempts }: StepState): boolean => phase.at === "applied" || attempts > 0;

export function together(a: LeftBefore, b: LeftBefore): LeftBefore {
  const actions = new Map<string, LeftBefore["actions"][number]>();
  for (const one of [...a.actions, ...b.actions])
    actions.set(one.capability, { ...one, count: one.count + (actions.get(one.capability)?.count ?? 0) });
  const tally = (name: "agent" | "member", lists: readonly { readonly [key: string]: unknown }[]) => {
    const counts = new Map<string, number>();
    for (const one of lists) counts.set(String(one[name]), (counts.get(String(one[name])) ?? 0) + Number(one["tasks"]));
    return [...counts].toSorted(([x], [y]) => (x < y ? -1 : 1));
  };
  return {
    actions: [...actions.values()].toSorted((x, y) => (x.capability < y.capability ? -1 : 1)),
    agents: tally("agent", [...a.agents, ...b.agents]).map(([agent, tasks]) => ({ agent, tasks })),
    readers: tally("member", [...a.readers, ...b.readers]).map(([member, tasks]) => ({ member, tasks })),
  };
}
