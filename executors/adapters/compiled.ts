/** Schemas of contracts, compiled when they are needed: a Worker that starts has no time to compile them all. */
import { compileContract, type Contract } from "../../shared/contracts.ts";
import type { JsonObject } from "../../shared/json.ts";

/** Compiled when first needed. Throws where the schema is not acceptable: an error of the definition. */
export function compiled(schema: JsonObject): () => Contract {
  let contract: Contract | null = null;
  return () => {
    if (contract !== null) return contract;
    const result = compileContract(schema);
    if (!result.ok) throw new Error(result.problem.detail);
    return (contract = result.value);
  };
}
