import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generateKeyPair, keyId, type PublicJwk, type Signer } from "../../../shared/keys.ts";
import type { Enrolment, Possession } from "../../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { ok } from "../../../shared/result.ts";
import { signEnvelope, type Envelope } from "../../../shared/signing.ts";
import { rootOf } from "./release.ts";
import { acme, answerWith, as, calls, globex, lastCall, refuses, seedTenants, send } from "./world.ts";

beforeAll(seedTenants);
beforeEach(() => answerWith({}));

type Person = Signer & { readonly publicJwk: PublicJwk };
const newPerson = (): Promise<Person> => generateKeyPair({ extractable: true });

const possess = (
  person: Person,
  member: string,
  more: Partial<Possession> = {},
  signer: Signer = person,
): Promise<Envelope> =>
  signEnvelope({
    payloadType: PAYLOAD_TYPES.possession,
    payload: {
      version: 1,
      tenant: "acme",
      member,
      key: person.publicJwk,
      atMs: Date.now(),
      ...more,
    } satisfies Possession,
    signers: [signer],
  });
const enrolment = async (
  key: PublicJwk,
  member: string,
  roles: string[],
  signer?: Signer,
  more: Partial<Enrolment> = {},
): Promise<Envelope> =>
  signEnvelope({
    payloadType: PAYLOAD_TYPES.enrolment,
    payload: {
      version: 1,
      tenant: "acme",
      member,
      key,
      roles,
      notBeforeMs: 0,
      expiresMs: Date.now() + 3_600_000,
      ...more,
    } satisfies Enrolment,
    signers: [signer ?? (await rootOf(acme))],
  });
const request = (possession: Envelope, role: "operator" | "approver" = "operator") =>
  send(as(role), "/v1/enrolments/requests", { body: { possession } });
const enrol = (envelope: Envelope, chain: Envelope[] = []) =>
  send(as("admin"), "/v1/enrolments", { body: { envelope, chain } });

describe("proof of possession", () => {
  it("a key that signed for itself waits for an admin", async () => {
    const person = await newPerson();
    const answer = await request(await possess(person, "ada"));
    expect([answer.status, answer.body.kid, answer.body.member]).toEqual([201, person.kid, "ada"]);
    const { requests } = (await send(as("admin"), "/v1/enrolments")).body;
    expect(requests.map(({ kid }: { kid: string }) => kid)).toContain(person.kid);
    expect((await send(as("admin", globex), "/v1/enrolments")).body.requests).toEqual([]);
  });

  it.each<[string, (person: Person, other: Person) => Promise<Envelope>]>([
    ["signed by another key", (person, other) => possess(person, "ada", {}, other)],
    ["for another tenant", (person) => possess(person, "ada", { tenant: "globex" })],
    ["made long ago", (person) => possess(person, "ada", { atMs: Date.now() - 3_600_000 })],
    [
      "of another payload type",
      async (person) => ({ ...(await possess(person, "ada")), payloadType: PAYLOAD_TYPES.enrolment }),
    ],
  ])("a statement %s proves nothing", async (_, make) => {
    const answer = await request(await make(await newPerson(), await newPerson()));
    expect([answer.status, answer.body.code]).toEqual([422, "possession-not-proved"]);
  });

  it("a key of small order is refused before any signature is looked at", async () => {
    const person = await newPerson();
    const weak: PublicJwk = { kty: "OKP", crv: "Ed25519", x: `AQ${"A".repeat(41)}` };
    const answer = await request(await possess({ ...person, publicJwk: weak }, "ada"));
    expect([answer.status, answer.body.code]).toEqual([422, "key-small-order"]);
  });

  it("a person's API key asks for that person only", async () => {
    const answer = await request(await possess(await newPerson(), "somebody-else"), "approver");
    expect(answer.body.code).toBe("forbidden");
  });
});

describe("enrolment", () => {
  it("signed by the root, for a key that proved possession", async () => {
    const person = await newPerson();
    await request(await possess(person, "grace"));
    const answer = await enrol(await enrolment(person.publicJwk, "grace", ["approver"]));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ kid: person.kid, member: "grace", roles: ["approver"], revokedAt: null });
    const { requests } = (await send(as("admin"), "/v1/enrolments")).body;
    expect(requests.map(({ kid }: { kid: string }) => kid)).not.toContain(person.kid);
  });

  it("a key that proved nothing, or for another member, is not enrolled", async () => {
    const person = await newPerson();
    const envelope = await enrolment(person.publicJwk, "grace", ["approver"]);
    expect((await enrol(envelope)).body.code).toBe("possession-not-proved");
    await request(await possess(person, "eve"));
    expect((await enrol(envelope)).body.code).toBe("possession-not-proved");
  });

  it("nobody enrols themselves, and only the root enrols an admin", async () => {
    const [admin, eve] = [await newPerson(), await newPerson()];
    await request(await possess(eve, "eve"));
    expect((await enrol(await enrolment(eve.publicJwk, "eve", ["admin"], eve))).body.code).toBe("chain-broken");
    const chain = [await enrolment(admin.publicJwk, "boss", ["admin"])];
    expect((await enrol(await enrolment(eve.publicJwk, "eve", ["admin"], admin), chain)).body.code).toBe(
      "role-missing",
    );
    expect((await enrol(await enrolment(eve.publicJwk, "eve", ["approver"], admin), chain)).status).toBe(201);
  });
});

const REVIEW = "rev_eu_1_aaaaaaaaaaaaaaaaaaaaaaaaaa_1_0_1";
const decisionBy = (person: Signer): Promise<Envelope> =>
  signEnvelope({ payloadType: PAYLOAD_TYPES.attestation, payload: { any: "thing" }, signers: [person] });

describe("decisions", () => {
  it("go to the executor that the review names, with the chain looked up by key id", async () => {
    const [admin, person] = [await newPerson(), await newPerson()];
    const chain = [await enrolment(admin.publicJwk, "boss", ["admin"])];
    await request(await possess(person, "hopper"));
    const leaf = await enrolment(person.publicJwk, "hopper", ["approver"], admin);
    await enrol(leaf, chain);
    answerWith({ decide: async () => ok({ id: REVIEW }) });
    const envelope = await decisionBy(person);
    expect((await send(as("approver"), `/v1/reviews/${REVIEW}/decision`, { body: { envelope } })).status).toBe(200);
    expect(calls[0]).toMatchObject({
      executor: "acme/eu/1",
      method: "decide",
      args: [REVIEW, { envelope, chain: [leaf, ...chain] }],
    });
  });

  it("a chain in the body is passed on as it is", async () => {
    answerWith({ decide: async () => ok({ id: REVIEW }) });
    await send(as("approver"), `/v1/reviews/${REVIEW}/decision`, {
      body: { envelope: await decisionBy(await newPerson()), chain: [] },
    });
    expect(calls[0]!.args[1]).toMatchObject({ chain: [] });
  });

  it("what the executor refuses is the answer", async () => {
    answerWith({ decide: () => refuses("approver-is-requester") });
    const answer = await send(as("approver"), `/v1/reviews/${REVIEW}/decision`, {
      body: { envelope: await decisionBy(await newPerson()) },
    });
    expect([answer.status, answer.body.code]).toEqual([403, "approver-is-requester"]);
  });
});

describe("everybody is asked", () => {
  it("reviews of all executors come together by deadline; who did not answer is named", async () => {
    let n = 0;
    answerWith({
      waiting: async () => {
        n += 1;
        if (n === 3) throw Object.assign(new Error("x"), { overloaded: true });
        return ok({ reviews: [{ id: String(n), expiresAt: `2026-01-0${9 - n}T00:00:00.000Z` }], doubts: [] });
      },
    });
    const { body } = await send(as("approver"), "/v1/reviews");
    expect(calls).toHaveLength(8);
    expect(body.reviews).toHaveLength(7);
    expect(body.reviews.map(({ expiresAt }: { expiresAt: string }) => expiresAt)).toEqual(
      body.reviews.map(({ expiresAt }: { expiresAt: string }) => expiresAt).toSorted(),
    );
    expect(body.incomplete).toHaveLength(1);
  });

  it("a revoked key is told to every executor and shown as revoked", async () => {
    const person = await newPerson();
    await request(await possess(person, "late"));
    await enrol(await enrolment(person.publicJwk, "late", ["approver"]));
    answerWith({ revokeKey: async () => ok(null) });
    const answer = await send(as("admin"), `/v1/keys/${person.kid}/revoke`, { body: { reason: "lost" } });
    expect(answer.body).toEqual({ kid: person.kid, incomplete: [] });
    expect(calls).toHaveLength(8);
    expect(lastCall("revokeKey")).toMatchObject({ kid: person.kid, reason: "lost" });
    const { enrolments } = (await send(as("admin"), "/v1/enrolments")).body;
    expect(enrolments.find(({ kid }: { kid: string }) => kid === person.kid).revokedAt).not.toBeNull();
  });

  it("the root key is not revoked by a call, because no signature could undo it", async () => {
    answerWith({ revokeKey: async () => ok(null) });
    const { rootKey } = (await send(as("admin"), "/v1/trust")).body;
    const answer = await send(as("admin"), `/v1/keys/${keyId(rootKey)}/revoke`, { body: { reason: "x" } });
    expect(answer.body.code).toBe("forbidden");
    expect(calls).toEqual([]);
  });
});
