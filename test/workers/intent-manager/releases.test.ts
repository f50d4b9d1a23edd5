import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generateKeyPair } from "../../../shared/keys.ts";
import { ok } from "../../../shared/result.ts";
import type { SignedPromotion } from "../../../shared/release.ts";
import { bundleOf, digestOfBundle, release, rootOf, signPromotion } from "./release.ts";
import { answerWith, as, calls, globex, ledger, seedTenants, send } from "./world.ts";

beforeAll(async () => {
  await seedTenants();
  await send(as("operator"), "/v1/automations/mail", { method: "PUT", body: {} });
});
beforeEach(() => answerWith({}));

const publish = (bundle: object, automation = "mail") =>
  send(as("operator"), `/v1/automations/${automation}/releases`, { body: { bundle } });
const promote = (digest: string, body: SignedPromotion, automation = "mail") =>
  send(as("operator"), `/v1/automations/${automation}/releases/${encodeURIComponent(digest)}/promote`, { body });
const published = async (summary: string): Promise<string> =>
  (await publish(bundleOf("mail", { summary }))).body.release;

describe("publishing", () => {
  it("stores the bundle under the digest of its canonical bytes, once", async () => {
    const bundle = bundleOf("mail", { summary: "stored" });
    const first = await publish(bundle);
    expect([first.status, first.body.release]).toEqual([201, digestOfBundle(bundle)]);
    expect((await publish(Object.fromEntries(Object.entries(bundle).toReversed()))).body.release).toBe(
      first.body.release,
    );
    const read = await send(as("auditor"), `/v1/automations/mail/releases/${encodeURIComponent(first.body.release)}`);
    expect(read.body).toEqual(bundle);
    expect(
      (await send(as("auditor", globex), `/v1/automations/mail/releases/${encodeURIComponent(first.body.release)}`))
        .status,
    ).toBe(404);
  });

  it.each([
    ["an automation that does not exist", () => publish(bundleOf("nothing"), "nothing"), "unknown-automation"],
    ["a bundle of another automation", () => publish(bundleOf("other")), "invalid-request"],
    ["an unknown field", () => publish({ ...bundleOf("mail"), extra: 1 }), "invalid-request"],
    [
      "a policy that does not compile",
      () =>
        publish(bundleOf("mail", { policy: { default: "deny", rules: [{ id: "x", when: "args.(", then: "allow" }] } })),
      "policy-invalid",
    ],
  ])("%s is refused", async (_, act, code) => {
    expect((await act()).body.code).toBe(code);
  });
});

describe("promotion", () => {
  it("puts the release in force and tells every executor", async () => {
    answerWith({ learn: async () => ok({ release: "", serial: 1 }) });
    const digest = await published("first");
    const answer = await promote(digest, await signPromotion(digest, "mail", 1));
    expect(answer.body).toEqual({ automation: "mail", release: digest, serial: 1 });
    expect(calls.filter(({ method }) => method === "learn")).toHaveLength(8);
    expect((await send(as("app"), "/v1/automations/mail")).body).toMatchObject({
      release: digest,
      serial: 1,
      tier: 3,
      planner: "playbook",
      stop: null,
    });
  });

  it("the serial only rises; the same promotion again is the same answer", async () => {
    const [a, b] = [await published("a"), await published("b")];
    const signed = await signPromotion(a, "mail", 7);
    expect((await promote(a, signed)).status).toBe(200);
    expect((await promote(a, signed)).status).toBe(200);
    expect((await promote(b, await signPromotion(b, "mail", 7))).body.code).toBe("release-superseded");
    expect((await promote(b, await signPromotion(b, "mail", 6))).body.code).toBe("release-superseded");
    expect((await promote(b, await signPromotion(b, "mail", 8))).status).toBe(200);
  });

  it("of two that race for one serial, one wins", async () => {
    const digests = [await published("r1"), await published("r2"), await published("r3")];
    const signed = await Promise.all(digests.map((digest) => signPromotion(digest, "mail", 20)));
    const answers = await Promise.all(digests.map((digest, i) => promote(digest, signed[i]!)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
  });

  it.each<[string, (digest: string) => Promise<SignedPromotion>, string]>([
    ["names another release", () => signPromotion(`sha256:${"1".repeat(64)}`, "mail", 50), "release-mismatch"],
    ["names another automation", (digest) => signPromotion(digest, "other", 50), "release-mismatch"],
    ["names another tenant", (digest) => signPromotion(digest, "mail", 50, { tenant: "globex" }), "release-mismatch"],
    ["has expired", (digest) => signPromotion(digest, "mail", 50, { expiresMs: 1 }), "expired"],
    [
      "is signed by a stranger",
      async (digest) => signPromotion(digest, "mail", 50, {}, await generateKeyPair({ extractable: true })),
      "chain-broken",
    ],
    [
      "is signed by another tenant's root",
      async (digest) => signPromotion(digest, "mail", 50, {}, await rootOf(globex)),
      "chain-broken",
    ],
  ])("a promotion that %s is refused", async (_, sign, code) => {
    const digest = await published("refused");
    expect((await promote(digest, await sign(digest))).body.code).toBe(code);
  });

  it("a release that was not published is not found", async () => {
    const digest = `sha256:${"2".repeat(64)}`;
    expect((await promote(digest, await signPromotion(digest, "mail", 60))).body.code).toBe("not-found");
  });
});

describe("health", () => {
  it("fails while an automation has no release in force, and names no tenant", async () => {
    await release(bundleOf("mail", { summary: "in force" }), 100);
    expect((await send(null, "/healthz")).body).toEqual({
      status: "ok",
      reasons: [],
      now: expect.stringMatching(/^20/),
    });
    await send(as("operator"), "/v1/automations/unfinished", { method: "PUT", body: {} });
    const answer = await send(null, "/healthz");
    expect([answer.status, answer.body.code]).toEqual([503, "unhealthy"]);
    expect(JSON.stringify(answer.body)).not.toMatch(/acme|unfinished/);
  });

  it("fails while another Worker does not run, and says which command starts all three", async () => {
    ledger["health"] = () => {
      throw new Error('Worker "countersign-ledger" not found');
    };
    const answer = await send(null, "/healthz");
    delete ledger["health"];
    expect([answer.status, answer.body.detail]).toEqual([
      503,
      expect.stringMatching(/^countersign-ledger is not running: `npm start` .* starts all three Workers/),
    ]);
  });
});

describe("a contract that follows another", () => {
  const required = { ...bundleOf("versions").input, required: ["customer"] };
  const next = (more: object) =>
    publish(bundleOf("versions", { summary: "next", ...more } as Partial<ReturnType<typeof bundleOf>>), "versions");

  it("breaks what is in force only under a greater major version, and says what breaks; a way back stays open", async () => {
    const first = bundleOf("versions", { input: required });
    await release(first);
    const breaking = { input: bundleOf("versions").input };
    const refused = await next({ ...breaking, contractVersion: "1.1.0" });
    expect([refused.status, refused.body.code, refused.body.facts.changes]).toEqual([
      409,
      "contract-breaking",
      ["input: email was optional and is required now"],
    ]);
    const major = await next({ ...breaking, contractVersion: "2.0.0" });
    expect([major.status, major.body.breaking]).toEqual([201, ["input: email was optional and is required now"]]);
    await release(bundleOf("versions", { ...breaking, contractVersion: "2.0.0" }), 2);
    // What was published before is not compared again.
    expect((await publish(first, "versions")).status).toBe(201);
  });

  it("is held to the version of each capability", async () => {
    const [mail] = Object.values(bundleOf("versions").capabilities);
    const output = { ...mail!.output, properties: { id: { type: "string", maxLength: 90 } } };
    const of = (version: string) =>
      next({ contractVersion: "9.0.0", capabilities: { "mail.send": { ...mail, version, output } } });
    expect((await of("1.9.0")).body.facts).toMatchObject({
      contract: "mail.send",
      changes: ["mail.send: output: id: maxLength 50 became 90"],
    });
    expect((await of("2.0.0")).status).toBe(201);
  });
});
