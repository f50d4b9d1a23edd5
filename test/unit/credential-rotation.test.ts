/** A credential of a downstream system is replaced while calls are under way: none is lost, and a token is had anew once. */
import { expect, it } from "vitest";
import { parseCredentials } from "../../executors/credentials/config.ts";
import { CredentialKeeper } from "../../executors/credentials/keeper.ts";

const OUT = { headers: {}, body: null };
const keeperOf = (credential: object, deps: object = {}) => {
  const parsed = parseCredentials(JSON.stringify({ mine: { capability: "test.call", ...credential } }));
  if (!parsed.ok) throw new Error(parsed.problem.detail);
  return new CredentialKeeper(parsed.value, deps as never);
};
const had = async (keeper: CredentialKeeper) => {
  const authorization = await keeper.authorize("test.call", "mine", OUT);
  if (!authorization.ok) throw new Error(authorization.problem.code);
  return authorization.value;
};

it.each([
  [{ kind: "bearer", token: "new-secret", previous: "old-secret" }, "authorization", "Bearer "],
  [{ kind: "header", header: "x-api-key", value: "new-secret", previous: "old-secret" }, "x-api-key", ""],
])(
  "of two fixed secrets the other is used after a 401, however many calls got one: %o",
  async (given, header, prefix) => {
    const keeper = keeperOf(given);
    const sent = async () => (await had(keeper)).headers[header];
    const [a, b] = [await had(keeper), await had(keeper)];
    expect([a.headers[header], a.renewable]).toEqual([`${prefix}new-secret`, true]);
    // The callee does not know the new one yet, and says so to both.
    keeper.refused("mine", a);
    keeper.refused("mine", b);
    expect(await sent()).toBe(`${prefix}old-secret`);
    // Then it does, and the old one has ended.
    keeper.refused("mine", await had(keeper));
    expect(await sent()).toBe(`${prefix}new-secret`);
    // Whichever is used, both are taken out of what comes back.
    expect((await had(keeper)).secrets.toSorted()).toEqual(["new-secret", "old-secret"]);
  },
);

it("a fixed secret without another one beside it is refused for good", async () => {
  const keeper = keeperOf({ kind: "bearer", token: "only-secret" });
  const used = await had(keeper);
  keeper.refused("mine", used);
  expect([(await had(keeper)).headers["authorization"], used.renewable]).toEqual(["Bearer only-secret", false]);
});
