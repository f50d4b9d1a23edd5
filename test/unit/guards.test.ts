/**
 * Every guard is needed: where one of them is replaced by "always holds", an attack gets through that it alone has refused. And the list of
 * them in docs/guards.md is the one of the code. Where the words of a guard name codes, the refusal has one of them.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { GUARDS as EXECUTOR_GUARDS } from "../../executors/guards/index.ts";
import { GUARDS as LEDGER_GUARDS } from "../../ledger/guards.ts";
import { GUARDS as SHARED_GUARDS } from "../../shared/guards.ts";
import { acts } from "../support/guards/acts.ts";
import type { Suite } from "../support/guards/attack.ts";
import { chains } from "../support/guards/chains.ts";
import { envelopes } from "../support/guards/envelopes.ts";
import { people } from "../support/guards/people.ts";
import { plans } from "../support/guards/plans.ts";
import { trust } from "../support/guards/trust.ts";
import { ways } from "../support/guards/ways.ts";

type Table = { [guard: string]: (...facts: never[]) => boolean };
const TABLES = [SHARED_GUARDS, EXECUTOR_GUARDS, LEDGER_GUARDS] as unknown as Table[];
const SUITES: { readonly [name: string]: Suite } = { envelopes, plans, people, trust, acts, ways, chains };
const ATTACKS = Object.values(SUITES).flatMap(({ attacks }) => attacks);
const names = TABLES.flatMap((table) => Object.keys(table));

/** Where guards are written down, and under which heading they stand in the documentation. */
const SOURCES = [
  ["shared/guards.ts", "Signatures, keys and enrolments"],
  ["executors/guards/plan.ts", "Plans and requests"],
  ["executors/guards/person.ts", "Decisions of people"],
  ["executors/guards/trust.ts", "Releases, stops and the ledger, as an executor sees them"],
  ["executors/guards/act.ts", "The moment of an action"],
  ["executors/guards/undo.ts", "Taking back"],
  ["executors/guards/egress.ts", "The way out"],
  ["ledger/guards.ts", "Deliveries to the ledger"],
] as const;
const read = (file: string) => readFileSync(path.join(import.meta.dirname, "../..", file), "utf8");
const documented = SOURCES.map(([file, title]) => {
  const found = [...read(file).matchAll(/\/\*\* (\(?[^:*]+): ([^\n]+) \*\/\n {2}"([a-z-]+)":/g)];
  return { title, guards: found.map(([, codes, gain, name]) => ({ name: name!, codes: codes!, gain: gain! })) };
});
const codesOf = new Map(documented.flatMap(({ guards }) => guards.map(({ name, codes }) => [name, codes] as const)));

/** Runs with one guard that always holds. */
async function without<T>(guard: string, run: () => Promise<T>): Promise<T> {
  const table = TABLES.find((one) => Object.hasOwn(one, guard))!;
  const real = table[guard]!;
  table[guard] = () => true;
  try {
    return await run();
  } finally {
    table[guard] = real;
  }
}

describe.each(Object.entries(SUITES))("%s", (_, { honest, attacks }) => {
  it("get through where they are honest", async () => {
    for (const [i, run] of honest.entries()) expect(`${i} ${await run()}`).toBe(`${i} ok`);
  });

  it("are refused where they are attacks, with the code that the guard names", async () => {
    for (const attack of attacks) {
      const code = await attack.run();
      expect(codesOf.get(attack.guard)?.match(/[a-z_]+(?:[ -][a-z]+)*/g) ?? [], attack.guard).toContain(code);
    }
  });

  it.each([...new Set(attacks.map(({ guard }) => guard))])("get through without %s", async (guard) => {
    await without(guard, async () => {
      for (const attack of attacks.filter((one) => one.guard === guard)) expect(await attack.run()).toBe("ok");
    });
  });
});

describe("the tables", () => {
  it("name each guard once, and each of them is proved", () => {
    expect(new Set(names).size).toBe(names.length);
    const proved = new Set(ATTACKS.map(({ guard }) => guard));
    expect(names.filter((name) => !proved.has(name))).toEqual([]);
    expect([...proved].filter((name) => !names.includes(name))).toEqual([]);
    expect(proved.size).toBeGreaterThanOrEqual(40);
  });

  it("stand in docs/guards.md, each with its code and what an attacker gains without it", async () => {
    expect([...codesOf.keys()].toSorted()).toEqual(names.toSorted());
    const rows = documented.map(
      ({ title, guards }) =>
        `## ${title}\n\n| guard | refuses with | without it |\n|---|---|---|\n${guards
          .map(({ name, codes, gain }) => `| \`${name}\` | ${codes} | ${gain} |`)
          .join("\n")}\n`,
    );
    const [head] = read("docs/guards.md").split("\n## ");
    await expect(`${head}\n${rows.join("\n")}`).toMatchFileSnapshot("../../docs/guards.md");
  });
});

afterAll(() => {
  console.log(`${names.length} guards, ${ATTACKS.length} attacks: each guard is needed`);
});
