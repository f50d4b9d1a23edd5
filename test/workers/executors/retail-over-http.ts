/**
 * The retail capabilities over the HTTP adapter, in place of executors/capabilities: the same names, inputs and outputs, and a service
 * (test/support/retail-service.ts) that keeps the rows and the domain's rules, where the shipped ones change a database themselves.
 *
 *   GET  /tenants/T/CAPABILITY?args=…  what a read answers, or what a write would do, with the version of what it depends on as ETag
 *   POST /tenants/T/CAPABILITY         does it, once for an Idempotency-Key, where `If-Match` still holds
 */
import type { D1Definition } from "../../../executors/adapters/d1.ts";
import type { EgressAnswer, EgressCall } from "../../../executors/adapters/egress.ts";
import { claimingKeys, type ClaimsRpc } from "../../../executors/adapters/claims.ts";
import { httpCapability } from "../../../executors/adapters/http.ts";
import {
  path,
  type HttpAnswer,
  type HttpDefinition,
  type HttpPlan,
  type HttpResponse,
} from "../../../executors/adapters/http-definition.ts";
import type { ActionContext, CapabilityRegistry } from "../../../executors/adapters/types.ts";
import { modifyCustomerAddress, modifyOrderAddress } from "../../../executors/capabilities/addresses.ts";
import { findByEmail, findByNameZip, getCustomer } from "../../../executors/capabilities/customers.ts";
import { cancelOrder } from "../../../executors/capabilities/orders-cancel.ts";
import { exchangeItems } from "../../../executors/capabilities/orders-exchange.ts";
import { getOrder } from "../../../executors/capabilities/orders-get.ts";
import { modifyOrderItems } from "../../../executors/capabilities/orders-modify-items.ts";
import { modifyOrderPayment } from "../../../executors/capabilities/orders-modify-payment.ts";
import { returnItems } from "../../../executors/capabilities/orders-return.ts";
import { getProduct, listProducts } from "../../../executors/capabilities/products.ts";
import { handOff } from "../../../executors/capabilities/support.ts";
import { workersPlatform } from "../../../executors/platform.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import type { CapabilityContract } from "../../../shared/capability.ts";
import type { Json, JsonObject } from "../../../shared/json.ts";
import type { Problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";

type Domain = D1Definition<JsonObject, string>;

/** What the automation `customer-operations` may do, as the domain defines it; the service carries it out. */
export const domain: readonly Domain[] = [
  findByEmail,
  findByNameZip,
  getCustomer,
  modifyCustomerAddress,
  getOrder,
  cancelOrder,
  modifyOrderAddress,
  modifyOrderPayment,
  modifyOrderItems,
  returnItems,
  exchangeItems,
  getProduct,
  listProducts,
  handOff,
] as unknown as readonly Domain[];

/** The service answers in milliseconds; one that takes longer than this has lost the answer. */
export const TIMEOUT_MS = 3_000;

/** What the service says instead of a result. */
export type Refusal = { readonly refused: Pick<Problem, "code" | "detail"> & { readonly reason: string } };

const overHttp = ({ contract }: Domain): HttpDefinition<JsonObject> => {
  const address = ({ tenant }: ActionContext): string => path`/tenants/${tenant}/${contract.name}`;
  const look = (args: JsonObject, context: ActionContext) => ({
    method: "GET" as const,
    path: address(context),
    query: { args: canonicalize(args) },
  });
  const common = { target: "shop", credential: null };
  const own = { timeoutMs: TIMEOUT_MS, delivery: "idempotent" as const };
  if (contract.effect === "read")
    return {
      ...common,
      contract: { ...(contract as CapabilityContract & { effect: "read" }), ...own },
      request: look,
      answer: said,
    };
  return {
    ...common,
    contract: { ...(contract as CapabilityContract & { effect: "write" }), ...own },
    prepare: {
      request: look,
      plan: (_, { body }) => {
        const { refused } = body as Partial<Refusal>;
        return refused === undefined
          ? ok(body as unknown as HttpPlan)
          : err({ code: refused.code, detail: refused.detail, facts: { reason: refused.reason } });
      },
      conditional: true,
    },
    request: (args, context) => ({ method: "POST", path: address(context), body: args }),
    answer: said,
    notExecuted: [503],
    replaysRefusals: true,
  };
};

function said({ status, body }: HttpResponse): HttpAnswer | null {
  const { result, refused } = body as { readonly result?: Json } & Partial<Refusal>;
  if (refused !== undefined) return { says: "refused", detail: refused.detail, facts: { reason: refused.reason } };
  return status >= 200 && status < 300 && result !== undefined ? { says: "applied", result } : null;
}

/** In place of those of executors/capabilities/http.ts: what the way out knows. */
export const httpDefinitions: readonly HttpDefinition<JsonObject>[] = domain.map(overHttp);

type Bindings = {
  readonly EGRESS: { send(call: EgressCall): Promise<EgressAnswer> };
  readonly EFFECT_CLAIMS: DurableObjectNamespace;
};

/** In place of that of executors/capabilities/index.ts. */
export const capabilities = ({ EGRESS, EFFECT_CLAIMS }: Bindings): CapabilityRegistry =>
  new Map(
    httpDefinitions.map((definition) => [
      definition.contract.name,
      claimingKeys(httpCapability(definition, { send: async (call) => EGRESS.send(call) }), {
        claimsOf: (tenant, key) => EFFECT_CLAIMS.getByName(`${tenant}/${key}`) as unknown as ClaimsRpc,
        setTimer: workersPlatform.setTimer,
      }),
    ]),
  );

/** What a release over these capabilities is built from. */
export const contracts: ReadonlyMap<string, CapabilityContract> = new Map(
  httpDefinitions.map(({ contract }) => [contract.name, contract]),
);
