/**
 * Invoice triage through the public interface: documents of the test as `npm run invoices` has them, decided over HTTP as they are in memory; and the
 * models that are asked where code is not sure, against a local endpoint. No real model is asked.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { createClient } from "../../shared/client.ts";
import { labelHere } from "../../shared/classifier/label.ts";
import { compileRelease, releaseDigest, type CompiledRelease } from "../../shared/compiled-release.ts";
import type { Json } from "../../shared/json.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { Desk } from "../invoices/desk.ts";
import type { Document, Route } from "../invoices/documents.ts";
import { businessSql } from "../invoices/records.ts";
import { TEST, trialOf } from "../invoices/run.ts";
import { startModelServer, type ModelServer } from "../support/model-server.ts";
import { value } from "../support/release.ts";
import { startCountersign, type Countersign } from "./harness.ts";

const SAMPLE = 40;
const TENANT = "dev";
let server: ModelServer;
let system: Countersign;
let release: CompiledRelease;
const trial = trialOf(TEST);

beforeAll(async () => {
  server = await startModelServer();
  system = await startCountersign({
    vars: { countersign: { OPENAI_BASE_URL: server.baseUrl, OPENAI_API_KEY: "sk-test" } },
  });
  await system.sqlBatch("BUSINESS_EU", businessSql(TENANT, trial.world, trial.lot));
  const { bundle } = value(loadAutomation("invoice-triage"));
  // One that asks no model, as where no key is set, and one whose small model's claims are worth something.
  const { model, ...rest } = bundle;
  release = await publish({ ...rest, automation: "invoices-alone" });
  await publish({
    ...bundle,
    automation: "invoices-asked",
    confidence: { small: { slope: 1_024, intercept: 0 } },
    model: model!,
  });
}, 300_000);
beforeEach(() => server.clear());
afterAll(async () => {
  await system?.stop();
  await server?.close();
});

async function publish(bundle: ReleaseBundle): Promise<CompiledRelease> {
  const text = canonicalize(bundle as unknown as Json);
  const client = createClient({
    baseUrl: system.url,
    key: system.tenants[TENANT]!.apiKeys.operator,
    fetch: (to, init) => fetch(to, init),
  });
  const loaded = { name: bundle.automation, bundle, text, digest: releaseDigest(text), advice: [] };
  await publishOne(client, system.tenants[TENANT]!, loaded);
  return value(compileRelease(text));
}

const inputOf = ({ id, sender, text }: Document) => ({ documentId: id, sender, text });
async function triage(automation: string, document: Document) {
  const { body } = await system.call(system.tenants[TENANT]!.apiKeys.app, "/v1/intents", {
    body: { automation, input: inputOf(document) },
    headers: { prefer: "wait=20" },
  });
  const view =
    body.steps === undefined
      ? (await system.call(system.tenants[TENANT]!.apiKeys.app, `/v1/tasks/${body.task}`)).body
      : body;
  return view as {
    status: string;
    classified: { by: string; confidence: number; fields: Json };
    steps: { id: string; status: string; decision: { rules: string[] } }[];
  };
}
function routeOf({ steps }: Awaited<ReturnType<typeof triage>>): Route {
  if (steps.some(({ status }) => status === "awaiting_review")) return "person";
  if (steps.some(({ status }) => status === "denied" || status === "failed")) return "refuse";
  return steps.some(({ id, status }) => id === "book" && status === "applied") ? "book" : "file";
}

it(`${SAMPLE} documents are decided over HTTP as they are in memory, and what is booked stands in the database`, async () => {
  const documents = trial.lot.documents.slice(0, SAMPLE);
  const desk = new Desk(release, trial.world, trial.lot);
  const expected: string[] = [];
  for (const document of documents) {
    const { route, classified } = await desk.triage(document);
    expected.push(`${document.id} ${route} ${classified.confidence}`);
  }
  const got: string[] = [];
  for (let at = 0; at < documents.length; at += 5)
    got.push(
      ...(await Promise.all(
        documents.slice(at, at + 5).map(async (document) => {
          const view = await triage("invoices-alone", document);
          return `${document.id} ${routeOf(view)} ${view.classified.confidence}`;
        }),
      )),
    );
  expect(got).toEqual(expected);
  const booked = await system.sql(
    "BUSINESS_EU",
    `SELECT count(*) AS n FROM invoices WHERE tenant = '${TENANT}' AND at_ms > 0`,
  );
  expect(booked[0]!["n"]).toBe(expected.filter((line) => line.includes(" book ")).length);
  expect(server.seen()).toEqual([]);
});

/** Invoices beyond the sample that code is not sure of. */
const unsure = (right: (document: Document) => boolean): Document[] =>
  trial.lot.documents
    .slice(SAMPLE)
    .filter(({ kind }) => kind.endsWith("-invoice") && kind !== "not-an-invoice")
    .filter((document) => labelHere(release, inputOf(document))!.confidence < 0.95 && right(document));

it("what code is not sure of a model reads, and what it read is booked where the records agree", async () => {
  const [document] = unsure(({ route, fields, text }) => route === "book" && text.includes(fields["number"] as string));
  const { fields, kind } = document!;
  server.plan({ content: { label: kind, fields, confidence: 0.99 } });
  const view = await triage("invoices-asked", document!);
  expect(view.classified).toMatchObject({ by: "small", fields, escalated: [{ by: "local", code: "model-unsure" }] });
  expect(routeOf(view)).toBe("book");
  expect(server.seen()[0]!.body.response_format.json_schema.schema.properties.fields.required).toContain("iban");
});

it("fields that do not stand in the document are no answer: the next model is asked, then a person", async () => {
  const document = unsure(({ route }) => route === "book").at(-1)!;
  const invented = { ...document.fields, iban: "DE89370400440532013000" };
  server.otherwise({ content: { label: document.kind, fields: invented, confidence: 1 } });
  const view = await triage("invoices-asked", document);
  expect(server.seen()).toHaveLength(2);
  expect([routeOf(view), view.classified.by]).toEqual(["person", "local"]);
});

it("a model that follows the document's instructions books nothing: the account is not the one on record", async () => {
  const document = unsure(({ twist }) => twist === "other-account" || twist === "instructions").find(
    ({ route }) => route === "person",
  )!;
  server.otherwise({ content: { label: document.kind, fields: document.fields, confidence: 1 } });
  const view = await triage("invoices-asked", document);
  expect(view.classified.by).toBe("small");
  expect(routeOf(view)).toBe("person");
});
