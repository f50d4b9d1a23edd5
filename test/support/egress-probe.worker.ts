/**
 * The shipped way out and the shipped HTTP capabilities, callable from a test: `POST /send` runs one guarded request, `POST /apply` one call
 * of a capability. The clock of a call is what the test says; everything else is as in the executors Worker.
 */
import { egress, type EgressCall, type EgressSettings, type Send, type Way } from "../../executors/adapters/egress.ts";
import { httpCapability } from "../../executors/adapters/http.ts";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { httpDefinitions } from "../../executors/capabilities/http.ts";
import type { JsonObject } from "../../shared/json.ts";

export type Probe = {
  readonly settings: EgressSettings;
  /** Ways beside those of the shipped capabilities. */
  readonly ways?: { readonly [capability: string]: Way };
} & (
  | { readonly run: "send"; readonly call: EgressCall; readonly times?: number }
  | {
      readonly run: "prepare" | "apply" | "reconcile";
      readonly capability: string;
      readonly args: JsonObject;
      readonly context: ActionContext;
    }
);

const sendBySettings = new Map<string, Send>();

export default {
  fetch: async (request: Request): Promise<Response> => {
    const probe = (await request.json()) as Probe;
    const ways = new Map<string, Way>(httpDefinitions.map((definition) => [definition.contract.name, definition]));
    for (const [name, way] of Object.entries(probe.ways ?? {})) ways.set(name, way);
    const key = JSON.stringify([probe.settings, probe.ways]);
    const send =
      sendBySettings.get(key) ??
      egress(probe.settings, ways, {
        fetch: (url, init) => fetch(url, init),
        setTimer: (ms, then) => {
          const timer = setTimeout(then, ms);
          return () => clearTimeout(timer);
        },
        nowMs: () => Date.now(),
        newId: () => crypto.randomUUID(),
      });
    sendBySettings.set(key, send);
    if (probe.run === "send")
      return Response.json(await Promise.all(Array.from({ length: probe.times ?? 1 }, () => send(probe.call))));
    const definition = httpDefinitions.find(({ contract }) => contract.name === probe.capability)!;
    const capability = httpCapability(definition, { send });
    if (capability.kind !== "external") throw new Error("it is external");
    switch (probe.run) {
      case "prepare":
        return Response.json(await capability.prepare!(probe.args, probe.context));
      case "apply":
        return Response.json(await capability.apply(probe.args, null, probe.context));
      case "reconcile":
        return Response.json(await capability.reconcile!(probe.args, probe.context));
    }
  },
};
