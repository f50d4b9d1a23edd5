/** What somebody stopped, and who, when and why: the first reason why something does not happen. */
import type { Client } from "../../shared/client.ts";
import { fine, refused, unknown, wrong, type Diagnosis } from "./diagnosis.ts";

/** Who stopped something, when and why. */
const wordsOf = ({ by, at, reason }: { readonly by: string; readonly at: string; readonly reason: string }): string =>
  `by ${by} at ${at}: ${reason}`;

/** Stops of whole tenants, agents, keys and releases; those of automations and capabilities stand with these. */
export async function examineStops(client: Client): Promise<Diagnosis> {
  const page = await client.listStops();
  if (!page.ok && page.problem.code === "forbidden") return unknown("stops", "this key may not read stops");
  if (!page.ok) return refused("stops", page.problem, "npm start");
  const others = page.value.stops.filter(({ kind }) => kind !== "automation" && kind !== "capability");
  return others.length === 0
    ? fine("stops", "no tenant, agent, key or release is stopped")
    : wrong(
        "stops",
        others.map((stop) => `${stop.kind} ${stop.target} (${stop.mode} ${wordsOf(stop)})`).join("; "),
        "countersign restore TARGET --kind KIND, once it is safe",
      );
}

export async function examineAutomations(client: Client): Promise<Diagnosis> {
  const page = await client.listAutomations();
  if (!page.ok) return refused("automations", page.problem, "npm start");
  const { automations } = page.value;
  const without = automations.filter(({ release }) => release === null).map(({ name }) => name);
  if (automations.length === 0 || without.length > 0)
    return wrong(
      "automations",
      automations.length === 0 ? "there is none" : `nothing in force: ${without.join(", ")}`,
      "countersign publish, then countersign promote",
    );
  const stopped = automations
    .filter(({ stop }) => stop !== null)
    .map(({ name, stop }) => `${name} (${wordsOf(stop!)})`);
  return stopped.length === 0
    ? fine("automations", automations.map(({ name }) => name).join(", "))
    : wrong(
        "automations",
        `paused: ${stopped.join(", ")}`,
        "countersign restore NAME --kind automation, once it is safe",
      );
}

/** A capability that somebody stopped is the first reason why something does not happen. */
export async function examineCapabilities(client: Client): Promise<Diagnosis> {
  const page = await client.listCapabilities();
  if (!page.ok) return refused("capabilities", page.problem, "npm start");
  const stopped = page.value.capabilities.flatMap(({ contract, stop }) =>
    stop === null ? [] : [`${contract.name} (${wordsOf(stop)})`],
  );
  return stopped.length === 0
    ? fine("capabilities", `${page.value.capabilities.length}, none stopped`)
    : wrong("capabilities", `stopped: ${stopped.join(", ")}`, "countersign restore NAME, once it is safe");
}
