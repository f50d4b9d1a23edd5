/**
 * Capabilities whose tool is not the one that their contract pins. Such a one is left alone, also when the tool is put back, until an operator
 * publishes a contract with another pin: a server that changes a tool once and shows the old one to whoever looks is not asked again.
 *
 * T1  A row stands for one contract, by its digest: another contract of the capability is not held by it.
 * T2  Each executor finds out for itself; the witness of each names what it holds back.
 */
import { contractDigest } from "../shared/capability.ts";
import type { JsonObject } from "../shared/json.ts";
import type { ObjectStorage, Platform } from "../shared/platform.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { err } from "../shared/result.ts";
import type { QuarantinedTool } from "../shared/rpc.ts";
import type { ActionContext, Capability, CapabilityRegistry, Outcome, Prepared } from "./adapters/types.ts";

export class Quarantine {
  readonly #sql: ObjectStorage["sql"];
  readonly #platform: Pick<Platform, "nowMs" | "log">;

  constructor(sql: ObjectStorage["sql"], platform: Pick<Platform, "nowMs" | "log">) {
    this.#sql = sql;
    this.#platform = platform;
  }

  /** What is held back for the contracts that are deployed here. */
  list(registry: CapabilityRegistry): readonly QuarantinedTool[] {
    return this.#sql
      .exec<Row>("SELECT capability, contract, tool, pinned, found, at_ms FROM quarantined_tools ORDER BY capability")
      .toArray()
      .filter(({ capability, contract }) => {
        const held = registry.get(capability);
        return held !== undefined && contractDigest(held.contract) === contract;
      })
      .map(({ capability, tool, pinned, found, at_ms }) => ({
        capability,
        tool,
        pinned,
        found,
        at: new Date(at_ms).toISOString(),
      }));
  }

  /** The registry with its pinned tools watched. */
  around(registry: CapabilityRegistry): CapabilityRegistry {
    return new Map([...registry].map(([name, capability]) => [name, this.#watched(capability)]));
  }

  #watched(capability: Capability): Capability {
    if (capability.kind !== "external" || capability.contract.tool === undefined) return capability;
    const { contract, prepare, apply } = capability;
    const digest = contractDigest(contract);
    const held = (): Problem | null => {
      const row = this.#sql
        .exec<Row>("SELECT * FROM quarantined_tools WHERE capability = ? AND contract = ?", contract.name, digest)
        .toArray()[0];
      if (row === undefined) return null;
      const { tool, pinned, found } = row;
      return problem("tool-changed", `The tool ${tool} has changed and waits for an operator.`, {
        tool,
        pinned,
        found,
      });
    };
    const note = (why: Problem): void => {
      if (why.code !== "tool-changed" || held() !== null) return;
      const found = String(why.facts?.["found"] ?? "none");
      const { name: tool, digest: pinned } = contract.tool!;
      this.#sql.exec(
        "INSERT OR REPLACE INTO quarantined_tools (capability, contract, tool, pinned, found, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        contract.name,
        digest,
        tool,
        pinned,
        found,
        this.#platform.nowMs(),
      );
      this.#platform.log("a tool has changed and is left alone", { capability: contract.name, tool, found });
    };
    return {
      ...capability,
      prepare:
        prepare === null
          ? null
          : async (args: JsonObject, context: ActionContext) => {
              const why = held();
              if (why !== null) return err(why);
              const prepared = await prepare(args, context);
              if (!prepared.ok) note(prepared.problem);
              return prepared;
            },
      apply: async (args: JsonObject, prepared: Prepared | null, context: ActionContext): Promise<Outcome> => {
        const why = held();
        if (why !== null)
          return context.resumed ? { kind: "in-doubt", problem: why } : { kind: "refused", problem: why, retry: false };
        const outcome = await apply(args, prepared, context);
        if (outcome.kind !== "applied") note(outcome.problem);
        return outcome;
      },
    };
  }
}

type Row = {
  readonly capability: string;
  readonly contract: string;
  readonly tool: string;
  readonly pinned: string;
  readonly found: string;
  readonly at_ms: number;
};
