/**
 * The tools of both suites over the HTTP adapter, in place of executors/capabilities. The service that they ask (service.ts) finds a task's
 * environment by the task's own name in the path.
 *
 *   GET  /TASK/CAPABILITY?args=…  what a read answers
 *   POST /TASK/CAPABILITY         an effect
 */
import type { EgressAnswer, EgressCall } from "../../executors/adapters/egress.ts";
import { httpCapability } from "../../executors/adapters/http.ts";
import { path, type HttpDefinition, type HttpResponse } from "../../executors/adapters/http-definition.ts";
import type { ActionContext, CapabilityRegistry } from "../../executors/adapters/types.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { JsonObject } from "../../shared/json.ts";
import { banking } from "./banking.ts";
import { contractOf, type Tool } from "./tool.ts";
import { workspace } from "./workspace.ts";

const address = ({ task, capability }: ActionContext): string => path`/${task}/${capability}`;
const answer = ({ status, body }: HttpResponse) =>
  status === 200 && body !== undefined ? { says: "applied" as const, result: body } : null;

const overHttp = (tool: Tool): HttpDefinition<JsonObject> => {
  const common = { contract: contractOf(tool) as never, target: "service", credential: null, answer };
  return tool.read === undefined
    ? { ...common, request: (body, context) => ({ method: "POST", path: address(context), body }) }
    : {
        ...common,
        request: (args, context) => ({ method: "GET", path: address(context), query: { args: canonicalize(args) } }),
      };
};

/** In place of those of executors/capabilities/http.ts: what the way out knows. */
export const httpDefinitions: readonly HttpDefinition<JsonObject>[] = [...banking, ...workspace].map(overHttp);

type Bindings = { readonly EGRESS: { send(call: EgressCall): Promise<EgressAnswer> } };

/** In place of that of executors/capabilities/index.ts. */
export const capabilities = ({ EGRESS }: Bindings): CapabilityRegistry =>
  new Map(
    httpDefinitions.map((definition) => [
      definition.contract.name,
      httpCapability(definition, { send: async (call) => EGRESS.send(call) }),
    ]),
  );
