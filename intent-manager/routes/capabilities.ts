/** Capabilities: what the executors can do here, and stopping one. */
import * as z from "zod";
import { CapabilityPage, Restored, Stopped } from "../../shared/api.ts";
import { CapabilityName, contractDigest } from "../../shared/capability.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import { restoreEverywhere, standingStops, stopEverywhere } from "../dispatch/stops.ts";
import { endpoint } from "../http/endpoint.ts";
import { idempotencyKey } from "../http/headers.ts";
import { IDEMPOTENT, SignedByPerson, StopBody } from "./shapes.ts";

const CapabilityPath = z.object({ name: CapabilityName });
const contractsOf = (env: Bindings) =>
  callWorker("countersign-executors", async () => ok(await env.EXECUTORS.capabilities()));

export const listCapabilities = endpoint(
  "GET /v1/capabilities",
  {
    summary: "List capabilities",
    tag: "capabilities",
    answers: { 200: { description: "Each with its contract's digest", schema: CapabilityPage } },
  },
  async ({ env, caller }) => {
    const [contracts, stops] = await Promise.all([
      contractsOf(env),
      standingStops(env, caller.tenant.id, "capability"),
    ]);
    if (!contracts.ok) return contracts;
    const capabilities = contracts.value.map((contract) => ({
      contract,
      digest: contractDigest(contract),
      stop: stops.get(contract.name) ?? null,
    }));
    return ok({ capabilities });
  },
);

export const revokeCapability = endpoint(
  "POST /v1/capabilities/{name}/revoke",
  {
    summary: "Stop a capability",
    description: `No action of it is claimed after an executor has confirmed; with \`mode: "stop-new"\`, none of a plan that comes later. \`incomplete\` names executors that have not: repeat with the same \`Idempotency-Key\`. ${IDEMPOTENT}`,
    tag: "capabilities",
    params: CapabilityPath,
    body: StopBody,
    answers: { 200: { description: "Stopped; what had been claimed already is listed", schema: Stopped } },
  },
  async (call) => {
    const { env, params, body, request } = call;
    const key = idempotencyKey(request, undefined);
    if (!key.ok) return key;
    const contracts = await contractsOf(env);
    // Stopping must not depend on a list that cannot be read: an unknown name is refused only where the list says so.
    if (contracts.ok && !contracts.value.some(({ name }) => name === params.name))
      return err(problem("not-found", `There is no capability ${params.name} here.`));
    return stopEverywhere(call, { kind: "capability", target: params.name, ...body }, key.value);
  },
);

export const restoreCapability = endpoint(
  "POST /v1/capabilities/{name}/restore",
  {
    summary: "Lift the stop of a capability",
    description: `The body is a restore that names the stop, signed by an admin or the root. ${IDEMPOTENT}`,
    tag: "capabilities",
    params: CapabilityPath,
    body: SignedByPerson,
    answers: { 200: { description: "Lifted", schema: Restored } },
  },
  ({ env, caller, params, body, nowMs }) =>
    restoreEverywhere(env, caller, { kind: "capability", target: params.name }, body, nowMs),
);
