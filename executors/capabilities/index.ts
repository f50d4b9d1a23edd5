/**
 * What this Worker can do. Add a capability here: a definition over an adapter in a file of this folder, and its line in `definitions`.
 */
import { toBase64Url } from "../../shared/bytes.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { claimingKeys, type ClaimsEnvironment, type ClaimsRpc } from "../adapters/claims.ts";
import { d1Capability } from "../adapters/d1.ts";
import { D1Databases, type D1Environment } from "../adapters/d1-asker.ts";
import { queueCapability } from "../adapters/queue.ts";
import { residentCapability } from "../adapters/resident.ts";
import type { Capability, CapabilityRegistry } from "../adapters/types.ts";
import { businessDatabase, type DatabaseBindings } from "../databases.ts";
import { workersPlatform } from "../platform.ts";
import { modifyCustomerAddress, modifyOrderAddress } from "./addresses.ts";
import { findByEmail, findByNameZip, getCustomer } from "./customers.ts";
import { approveEdition } from "./editions-approve.ts";
import { getEdition } from "./editions-get.ts";
import { stageEdition } from "./editions-stage.ts";
import { getFlag, setFlag } from "./flags.ts";
import { httpCapabilities, httpDefinitions, type HttpBindings } from "./http.ts";
import { bookInvoice } from "./invoices-book.ts";
import { fileDocument } from "./invoices-file.ts";
import { note } from "./journal.ts";
import { cancelOrder } from "./orders-cancel.ts";
import { publishEvent } from "./events-publish.ts";
import { exchangeItems } from "./orders-exchange.ts";
import { getOrder } from "./orders-get.ts";
import { modifyOrderItems } from "./orders-modify-items.ts";
import { modifyOrderPayment } from "./orders-modify-payment.ts";
import { reinstateOrder } from "./orders-reinstate.ts";
import { returnItems } from "./orders-return.ts";
import { withdrawReturn } from "./orders-withdraw-return.ts";
import { getProduct, listProducts } from "./products.ts";
import { matchPurchase } from "./purchases-match.ts";
import { handOff } from "./support.ts";
import { toolCapabilities, toolDefinitions } from "./tools.ts";
import { waits } from "./waits.ts";
import { workerCapabilities, workerDefinitions, type WorkerBindings } from "./workers.ts";

const all = (databases: D1Databases): Capability[] => [
  d1Capability(findByEmail, databases),
  d1Capability(findByNameZip, databases),
  d1Capability(getCustomer, databases),
  d1Capability(modifyCustomerAddress, databases),
  d1Capability(getOrder, databases),
  d1Capability(cancelOrder, databases),
  d1Capability(reinstateOrder, databases),
  d1Capability(modifyOrderAddress, databases),
  d1Capability(modifyOrderPayment, databases),
  d1Capability(modifyOrderItems, databases),
  d1Capability(returnItems, databases),
  d1Capability(withdrawReturn, databases),
  d1Capability(exchangeItems, databases),
  d1Capability(getProduct, databases),
  d1Capability(listProducts, databases),
  d1Capability(handOff, databases),
  d1Capability(matchPurchase, databases),
  d1Capability(bookInvoice, databases),
  d1Capability(fileDocument, databases),
  note,
  residentCapability(getFlag),
  residentCapability(setFlag),
  residentCapability(stageEdition),
  residentCapability(approveEdition),
  residentCapability(getEdition),
  ...waits,
];

/** The registry of a Worker with these bindings: capabilities over outside systems only where it is configured where those stand. */
export const capabilities = (
  env: DatabaseBindings & HttpBindings & WorkerBindings & ClaimsBinding & QueueBinding,
): CapabilityRegistry =>
  registry(
    {
      databaseOf: (region) => businessDatabase(env, region),
      newNonce: () => toBase64Url(workersPlatform.randomBytes(16)),
      setTimer: workersPlatform.setTimer,
    },
    [...httpCapabilities(env), ...queueCapabilities(env), ...workerCapabilities(env), ...toolCapabilities(env)].map(
      (one) => claimingKeys(one, claimsIn(env)),
    ),
  );

/** Absent where a test or a measurement starts the Worker without its queue. */
type QueueBinding = { readonly OUTBOUND?: Queue };
const queueCapabilities = ({ OUTBOUND }: QueueBinding): Capability[] =>
  OUTBOUND === undefined
    ? []
    : [
        queueCapability(publishEvent, {
          send: (message) => OUTBOUND.send(message, { contentType: "json" }),
          setTimer: workersPlatform.setTimer,
        }),
      ];

type ClaimsBinding = { readonly EFFECT_CLAIMS: DurableObjectNamespace };
/** Systems that cannot claim a domain key in a transaction of their own have it claimed in an object: one for each tenant and key. */
const claimsIn = ({ EFFECT_CLAIMS }: ClaimsBinding): ClaimsEnvironment => ({
  claimsOf: (tenant, effectKey) => EFFECT_CLAIMS.getByName(`${tenant}/${effectKey}`) as unknown as ClaimsRpc,
  setTimer: workersPlatform.setTimer,
});

/** The registry over any environment; tests pass their own databases. */
export const registry = (environment: D1Environment, others: readonly Capability[] = []): CapabilityRegistry =>
  new Map(
    [...all(new D1Databases(environment)), ...others].map((capability) => [capability.contract.name, capability]),
  );

const nothing: D1Environment = {
  databaseOf: () => null,
  newNonce: () => "",
  setTimer: () => () => {},
};

/** Every contract, by name: what releases are built from. */
export const contracts: ReadonlyMap<string, CapabilityContract> = new Map(
  [...all(new D1Databases(nothing)), ...httpDefinitions, ...workerDefinitions, ...toolDefinitions, publishEvent].map(
    ({ contract }) => [contract.name, contract],
  ),
);
