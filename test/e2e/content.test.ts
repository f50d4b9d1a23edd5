/**
 * Content operations through the public interface: a newsletter in four languages on two platforms, written by models that do not keep to their
 * words, over executors that die around the first request of every publication. No real model and no real platform is asked.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { executorName, parseTaskId } from "../../shared/ids.ts";
import { faultsOfSource, faultsOfTranslation } from "../../shared/terms.ts";
import { bundleCrashingExecutors } from "../support/crashing-executors.ts";
import { startModelServer, type ModelServer } from "../support/model-server.ts";
import { type Platforms, startPlatforms, TERMS, variedModel } from "../support/newsletter.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { decide, reviewer, until, type Reviewer } from "./people.ts";

let models: ModelServer;
let platforms: Platforms;
let system: Countersign;
let keys: Countersign["tenants"][string]["apiKeys"];
let editor: Reviewer;

const AUTOMATION = "content-operations";
const OTHERS = ["de", "fr", "es"];
const LANGUAGES = ["en", ...OTHERS];
const section = (id: string, notes: string) => ({ id, notes });
const STANDING = [
  section(
    "how",
    "How a countersignature works. Policy sends an action to a person, and the audit trail keeps the countersignature.",
  ),
  section("start", "Where to begin. Publish a release, and read the audit trail of its first day."),
  section("help", "Where to find help. Ask us about any release, and send the audit trail along."),
];

beforeAll(async () => {
  [models, platforms] = await Promise.all([startModelServer(), startPlatforms()]);
  const bearer = (capability: string) => ({ kind: "bearer", capability, token: "a-token-of-the-test" });
  system = await startCountersign({
    vars: {
      countersign: { OPENAI_BASE_URL: models.baseUrl, OPENAI_API_KEY: "sk-test" },
      "countersign-executors": {
        HTTP_TARGETS: JSON.stringify({
          development: true,
          origins: { website: platforms.origin, mailing: platforms.origin },
        }),
      },
    },
    credentials: {
      website: bearer("pages.publish"),
      "website-withdrawals": bearer("pages.withdraw"),
      mailing: bearer("letters.send"),
    },
    prebuilt: { "countersign-executors": await bundleCrashingExecutors() },
  });
  const dev = system.tenants["dev"]!;
  keys = dev.apiKeys;
  const client = createClient({ baseUrl: system.url, key: keys.operator, fetch: (to, init) => fetch(to, init) });
  const loaded = loadAutomation(AUTOMATION);
  if (!loaded.ok) throw new Error(loaded.problem.detail);
  await publishOne(client, dev, loaded.value);
  await crashing("off");
  editor = await reviewer(system, "edith", ["editor"]);
  await put("terminology", { tier: "canonical" });
  await put("newsletter-texts", { tier: "vector", ttlSeconds: 90 * 86_400 });
  await put("terminology/newsletter", { text: JSON.stringify(TERMS), source: "house", expect: 0 });
}, 500_000);
beforeEach(() => {
  models.clear();
  models.otherwise(variedModel());
  platforms.refuse(() => null);
});
afterAll(async () => {
  await system?.stop();
  await Promise.all([models?.close(), platforms?.close()]);
});

async function put(path: string, body: object): Promise<void> {
  const { status } = await system.call(keys.operator, `/v1/memory/${path}`, { method: "PUT", body });
  if (status >= 300) throw new Error(`${path}: ${status}`);
}
const open = async (edition: string, sections: object[], idempotencyKey = edition): Promise<string> => {
  const input = { edition, languages: OTHERS, sections };
  const { body } = await system.call(keys.app, "/v1/intents", {
    body: { automation: AUTOMATION, input, idempotencyKey },
  });
  return body.task;
};
const read = async (task: string) => (await system.call(keys.app, `/v1/tasks/${task}`)).body;
/** What is in doubt after a crash is asked about after 1 s, 2 s, 4 s: more than `until` waits. */
async function waitsFor(task: string, wanted: (view: any) => boolean) {
  for (let times = 1; ; times++)
    try {
      return await until(() => read(task), wanted);
    } catch (error) {
      if (times === 6) throw error;
    }
}
const reviewsOf = async (task: string) =>
  (await system.call(keys.approver, "/v1/reviews")).body.reviews.filter((one: any) => one.task === task);
async function approve(task: string) {
  await waitsFor(task, ({ steps }) => steps?.some(({ status }: any) => status === "awaiting_review"));
  const reviews = await reviewsOf(task);
  expect(reviews).toHaveLength(1);
  const { status } = await decide(system, editor, reviews[0], "approve");
  expect(status).toBe(200);
  return reviews[0];
}
const settled = async (task: string) => {
  const view = await waitsFor(task, (one) => one.settled === true);
  return view;
};
const runOf = (task: string) =>
  until(
    async () => (await system.call(keys.auditor, `/v1/tasks/${task}/run`)).body.run,
    (run) => run?.plans.length === 1,
  );
/** Publications of an edition: platform and language → how often. */
const countsOf = (edition: string) =>
  Object.fromEntries(
    [...platforms.published()]
      .filter(([name]) => name.includes(edition))
      .map(([name, all]) => [name.replace(/ weekly-\S+/, ""), all.length]),
  );
const ONCE = Object.fromEntries(["website", "mailing"].flatMap((one) => LANGUAGES.map((tag) => [`${one} ${tag}`, 1])));
function faultsOf(edition: string): unknown[] {
  const all = [...platforms.published()].filter(([name]) => name.includes(edition)).flatMap(([, texts]) => texts);
  const wordsOf = ({ title, body }: { title: string; body: string }) => `${title}\n\n${body}`;
  const source = wordsOf(all.find(({ language }) => language === "en")!);
  return all.flatMap((one) =>
    one.language === "en"
      ? faultsOfSource("en", wordsOf(one), TERMS)
      : faultsOfTranslation(source, { language: one.language, text: wordsOf(one) }, TERMS),
  );
}
/** How often the executors died so far; from here on they do, or do not. */
const crashing = async (turn: "on" | "off") =>
  (await (await system.harness.getWorker("countersign-executors").fetch(`/crashes/${turn}`)).json()) as Record<
    string,
    number
  >;

it(
  "one approval publishes four languages on two platforms once, with no word against the terminology, and the next edition costs less than 60 %",
  { timeout: 150_000 },
  async () => {
    const first = await open("weekly-2026-w47", [
      section("news", "The audit trail exports. A release now names its audit trail."),
      ...STANDING,
    ]);
    const review = await approve(first);
    expect(review.parts.shown.changes.map(({ what }: any) => what.slice(0, 3))).toEqual([
      ...LANGUAGES.map((tag) => `${tag}:`),
      ...TERMS.map(() => "ter"),
    ]);
    expect(await settled(first)).toMatchObject({ status: "succeeded" });
    expect(countsOf("w47")).toEqual(ONCE);
    expect(faultsOf("w47")).toEqual([]);
    const one = await runOf(first);
    const caught = models.seen().filter(({ text }) => text.includes("Your last answer was not usable")).length;
    expect(caught).toBeGreaterThanOrEqual(4);
    expect(one.plans[0].memory).toMatchObject([{ namespace: "terminology", version: 1 }]);

    const second = await open("weekly-2026-w48", [
      section("news", "A countersignature by phone. The release of this week has it."),
      ...STANDING,
    ]);
    await approve(second);
    expect(await settled(second)).toMatchObject({ status: "succeeded" });
    expect(countsOf("w48")).toEqual(ONCE);
    expect(faultsOf("w48")).toEqual([]);
    const two = await runOf(second);
    const tokens = (run: any) => run.inputTokens + run.outputTokens;
    console.info(
      `first edition: ${one.modelCalls} calls, ${tokens(one)} tokens, ${caught} answers against the terminology; second: ${two.modelCalls} calls, ${tokens(two)} tokens`,
    );
    expect(two.modelCalls).toBeGreaterThan(0);
    expect(two.modelCalls).toBeLessThan(0.6 * one.modelCalls);
    expect(tokens(two)).toBeLessThan(0.6 * tokens(one));

    // Another task for an edition that is out publishes nothing, whatever it says.
    const again = await open("weekly-2026-w48", [section("news", "Another release altogether.")], "again");
    expect(await settled(again)).toMatchObject({ status: "failed" });
    expect(countsOf("w48")).toEqual(ONCE);
  },
);

it(
  "a planner and an executor that die on the way lose nothing and publish nothing twice",
  { timeout: 150_000 },
  async () => {
    const varied = variedModel();
    let asked = 0;
    // The first answers are there at once; then the model is silent until its planner has died.
    models.otherwise((request) => (++asked <= 3 ? varied(request) : { fault: "stall" }));
    const edition = "weekly-2026-w49";
    const sections = [
      section("one", "Dying is part of life. No release is in here."),
      section("two", "The audit trail lives."),
      ...STANDING,
    ];
    const task = await open(edition, sections);
    await until(
      async () => asked,
      (calls) => calls > 3,
    );
    models.otherwise(varied);
    await system.rekey(system.workerKeys);
    await waitsFor(task, ({ steps }) => steps?.some(({ status }: any) => status === "awaiting_review"));
    expect(await open(edition, sections)).toBe(task);
    const { region, shard } = parseTaskId(task)!;
    const home = executorName("dev", region, shard);
    await (system.harness.getWorker("countersign-executors") as any).evictDurableObject("RegionalExecutor", {
      name: home,
    });
    const before = await crashing("on");
    await approve(task);
    expect(await settled(task)).toMatchObject({ status: "succeeded" });
    expect(countsOf("w49")).toEqual(ONCE);
    expect(faultsOf("w49")).toEqual([]);
    const after = await crashing("off");
    const died = ["before", "during", "after"].reduce((sum, one) => sum + after[one]! - before[one]!, 0);
    expect(died).toBeGreaterThan(0);
  },
);

it(
  "models that never keep to the terminology publish nothing: a person is asked, and bad texts of anybody's are not staged",
  { timeout: 150_000 },
  async () => {
    models.otherwise(variedModel(true));
    const edition = "weekly-2026-w50";
    const task = await open(edition, [section("news", "A release without its audit trail.")]);
    await waitsFor(task, ({ status }) => status === "waiting");
    expect(await read(task)).toMatchObject({ why: "a person: terms-violated", steps: [] });
    expect(models.seen().map(({ body }) => body.model.includes("mini"))).toEqual([true, true, false, false]);
    const text = (language: string, body: string) => ({ language, title: "News", body });
    const args = { edition, source: "en", texts: [text("en", "A release."), text("de", "Ein Rollout.")], terms: TERMS };
    await system.call(keys.agent, "/v1/proposals", {
      body: { task, steps: [{ id: "stage", capability: "editions.stage", args }], last: true },
    });
    const view = await settled(task);
    expect(view.steps[0]).toMatchObject({ status: "failed", problem: { code: "effect-refused" } });
    expect(countsOf("w50")).toEqual({});
  },
);

it(
  "a platform that refuses one language is shown, the others are published, and a page can be taken down again",
  { timeout: 150_000 },
  async () => {
    platforms.refuse((platform, language) => (platform === "mailing" && language === "fr" ? 400 : null));
    const task = await open("weekly-2026-w51", STANDING);
    await approve(task);
    const view = await settled(task);
    expect(view).toMatchObject({ status: "succeeded", why: "partial" });
    expect(view.steps.filter(({ status }: any) => status === "failed").map(({ id }: any) => id)).toEqual(["letter_2"]);
    const { "mailing fr": _, ...others } = ONCE;
    expect(countsOf("w51")).toEqual(others);
    // Every passage was there already.
    expect(models.seen()).toEqual([]);
    expect((await runOf(task)).plans[0].recalled).toMatchObject({ at: expect.any(String) });
    const reversed = await system.call(keys.operator, `/v1/tasks/${task}/steps/page_1/reverse`, {
      body: { reason: "A mistake in the German text." },
      headers: { prefer: "wait=20" },
    });
    expect(reversed.status).toBeLessThan(300);
    await until(
      async () => platforms.withdrawn(),
      (all) => all.length > 0,
    );
    expect(platforms.withdrawn()).toEqual(["weekly-2026-w51.de.1"]);
  },
);
