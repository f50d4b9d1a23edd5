/** Releases: published under their digest, put in force by a person's signature. */
import * as z from "zod";
import { ReleasePromoted, ReleasePublished } from "../../shared/api.ts";
import { AutomationName, Digest } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { drizzle } from "drizzle-orm/d1";
import { and, eq } from "drizzle-orm";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { deliveryOf, readBundle } from "../releases/in-force.ts";
import { promote, publish } from "../releases/promote.ts";
import { automations } from "../schema.ts";
import { AnyObject, AutomationPath, IDEMPOTENT, SignedByPerson } from "./shapes.ts";

const ReleasePath = z.object({ name: AutomationName, digest: Digest });

export const publishRelease = endpoint(
  "POST /v1/automations/{name}/releases",
  {
    summary: "Publish a release",
    description: `Contracts, policy and playbook are compiled; what does not compile is refused, and so is a contract that breaks the one in force under the same major version (contract-breaking, facts.changes says how). The release is in force once it is promoted. ${IDEMPOTENT}`,
    tag: "automations",
    params: AutomationPath,
    body: z.strictObject({ bundle: AnyObject }),
    maxBodyBytes: LIMITS.releaseBytes,
    answers: { 201: { description: "Stored under its digest", schema: ReleasePublished } },
  },
  async ({ env, caller, params, body, nowMs }) => {
    const tenant = caller.tenant.id;
    const known = await drizzle(env.CONTROL_DB)
      .select({ name: automations.name })
      .from(automations)
      .where(and(eq(automations.tenant, tenant), eq(automations.name, params.name)));
    if (known.length === 0)
      return err(problem("unknown-automation", `Create it first: PUT /v1/automations/${params.name}.`));
    const published = await publish(env, tenant, params.name, body.bundle, nowMs);
    return published.ok ? Response.json({ automation: params.name, ...published.value }, { status: 201 }) : published;
  },
);

export const readRelease = endpoint(
  "GET /v1/automations/{name}/releases/{digest}",
  {
    summary: "Read a release",
    description: "The bundle's exact canonical text: its SHA-256 is the digest.",
    tag: "automations",
    params: ReleasePath,
    answers: { 200: { description: "The bundle", schema: AnyObject } },
  },
  async ({ env, caller, params }) => {
    const bundle = await readBundle(env, caller.tenant.id, params.digest);
    if (bundle === null || (JSON.parse(bundle) as { automation: string }).automation !== params.name)
      return err(NOT_FOUND);
    return new Response(bundle, {
      headers: { "content-type": "application/json", "cache-control": "private, max-age=31536000, immutable" },
    });
  },
);

export const promoteRelease = endpoint(
  "POST /v1/automations/{name}/releases/{digest}/promote",
  {
    summary: "Promote a release",
    description: `The body is a promotion signed by an operator, an admin or the root; its serial is greater than every earlier one. Executors are told at once; one that does not answer learns it with its next task. ${IDEMPOTENT}`,
    tag: "automations",
    params: ReleasePath,
    body: SignedByPerson,
    answers: { 200: { description: "In force", schema: ReleasePromoted } },
  },
  async ({ env, background, caller, params, body, nowMs }) => {
    const { name, digest } = params;
    const promoted = await promote(env, caller.tenant, name, digest, body, nowMs);
    if (!promoted.ok) return promoted;
    const delivery = await deliveryOf(env, caller.tenant.id, digest);
    if (delivery.ok) background(askAll(env, caller.tenant, (stub) => stub.learn(delivery.value)));
    return ok({ automation: name, release: digest, serial: promoted.value.serial });
  },
);
