import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { automationNames, AUTOMATIONS_FOLDER } from "../../scripts/load-automation.ts";
import { publishAll } from "../../scripts/publish-automations.ts";
import { newTenantKeys } from "../../scripts/lib/keys.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { Fetch } from "../../shared/client.ts";
import { keyId, publicPart } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { Promotion } from "../../shared/release.ts";
import { openEnvelope, type Envelope } from "../../shared/signing.ts";
import { value } from "../support/release.ts";

const keys = newTenantKeys("dev");

type InForce = { release: string | null; serial: number; promotedAt: string | null };

/** The three routes of the intent-manager that publishing uses, in memory. */
function server() {
  const inForce = new Map<string, InForce>();
  const calls: string[] = [];
  const answer = (body: unknown) =>
    Promise.resolve(new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }) as never);
  const fetch: Fetch = async (url, { method, headers, body }) => {
    expect(headers["authorization"]).toBe(`Bearer ${keys.apiKeys.operator}`);
    const [, name, action] = /^http:\/\/test\/v1\/automations\/([^/]+)(?:\/releases.*?(\/promote)?)?$/.exec(url)!;
    calls.push(`${method} ${action ?? url.split("/").at(-1)}`);
    const state = inForce.get(name!) ?? { release: null, serial: 0, promotedAt: null };
    inForce.set(name!, state);
    if (method === "PUT")
      return answer({
        name,
        ...state,
        summary: null,
        owner: null,
        tier: null,
        planner: null,
        stop: null,
        releases: [],
      });
    const sent = JSON.parse(body!) as { bundle: unknown; envelope: Envelope };
    if (action === undefined)
      return answer({
        automation: name,
        release: value(compileRelease(canonicalize(sent.bundle))).digest,
        nextSerial: state.serial + 1,
        breaking: [],
      });
    const trusted = new Map([[keyId(keys.rootKey), publicPart(keys.rootKey)]]);
    const { payload } = value(
      await openEnvelope(sent.envelope, { payloadType: PAYLOAD_TYPES.promotion, keys: trusted, schema: Promotion }),
    );
    expect(payload).toMatchObject({ tenant: "dev", automation: name, serial: state.serial + 1 });
    Object.assign(state, {
      release: payload.release,
      serial: payload.serial,
      promotedAt: new Date(payload.atMs).toISOString(),
    });
    return answer({ automation: name, release: payload.release, serial: payload.serial });
  };
  return { fetch, inForce, calls };
}

const publish = (fetch: Fetch, lines: string[] = []) =>
  publishAll({ url: "http://test", dev: keys, log: (line) => void lines.push(line), fetch });

it("publishes and promotes each automation once, however often it is started", async () => {
  const { fetch, inForce, calls } = server();
  const lines: string[] = [];
  await publish(fetch, lines);
  expect([...inForce.keys()]).toEqual(automationNames());
  expect(lines).toHaveLength(automationNames().length);
  calls.length = 0;
  await publish(fetch);
  expect(calls.every((call) => call.startsWith("PUT"))).toBe(true);
  expect([...inForce.values()].map(({ serial }) => serial)).toEqual(automationNames().map(() => 1));
});

it("says which folder it leaves out because its automation.yaml is missing", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-automations-"));
  cpSync(path.join(AUTOMATIONS_FOLDER, "notes"), path.join(folder, "notes"), { recursive: true });
  mkdirSync(path.join(folder, "half-done"));
  const { fetch, inForce } = server();
  const lines: string[] = [];
  await publishAll({ url: "http://test", dev: keys, log: (line) => void lines.push(line), fetch, load: { folder } });
  rmSync(folder, { recursive: true });
  expect([...inForce.keys()]).toEqual(["notes"]);
  expect(lines[0]).toBe("automation half-done: left out, its folder has no automation.yaml");
});

it("renews a promotion before it expires", async () => {
  const { fetch, inForce } = server();
  await publish(fetch);
  inForce.get("notes")!.promotedAt = "2020-01-01T00:00:00.000Z";
  await publish(fetch);
  expect(inForce.get("notes")!.serial).toBe(2);
  expect(inForce.get("order-cancellation")!.serial).toBe(1);
});

it("stops at the first refusal and says which automation and why", async () => {
  const refusing: Fetch = () =>
    Promise.resolve(
      new Response(JSON.stringify({ code: "forbidden", detail: "no" }), {
        status: 403,
        headers: { "content-type": "application/problem+json" },
      }) as never,
    );
  await expect(publish(refusing)).rejects.toThrow("content-operations: forbidden");
});
