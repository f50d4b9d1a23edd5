/**
 * `npm run interop`: a real log, verified by tools that are not ours. Starts the three Workers, makes some hundred entries, fetches the log over
 * HTTP, and gives it to a Go program over golang.org/x/mod/sumdb (test/interop), which accepts it, and refuses every tampered copy.
 * Signatures are checked with the published key set by Node's own crypto and by openssl.
 *
 * Ends with 0 where everything is as it should be, with 1 where it is not, and with 75 (EX_TEMPFAIL) where Go is missing and could not be
 * installed: such a run proved nothing and says so.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatVkey } from "../shared/tlog/note.ts";
import { publishOne } from "./publish-automations.ts";
import { loadAutomation } from "./load-automation.ts";
import { run } from "./lib/run.ts";
import { startCountersign, type Countersign } from "../test/e2e/harness.ts";
import { download } from "../test/e2e/record.ts";
import { createClient } from "../shared/client.ts";
import { envelopesIn, verifiesByNode, verifiesByOpenssl, type KeySet } from "../test/interop/dsse.ts";
import { entriesOf, fetchLog, sizeOf, writeLog, type Files } from "../test/interop/files.ts";
import { buildVerifier, ensureGo } from "../test/interop/go.ts";
import { logSigner, tampered, type Case } from "../test/interop/tampered.ts";

/** More than one full tile and one full bundle, and a level above them. */
const ENTRIES = 300;
const AT_ONCE = 8;
const SKIPPED = 75;

const missing = await ensureGo();
if (missing !== null) {
  console.log(`interop: SKIPPED, nothing was verified: ${missing}`);
  process.exit(SKIPPED);
}
const folder = mkdtempSync(path.join(tmpdir(), "countersign-interop-"));
const failures: string[] = [];
try {
  const [program, made] = await Promise.all([buildVerifier(folder), makeLog()]);
  const vkey = formatVkey(made.signer);
  const jwks = path.join(folder, "jwks.json");
  writeFileSync(jwks, JSON.stringify(made.keys));

  const check = async (files: Files, older?: Uint8Array) => {
    const copy = writeLog(mkdtempSync(path.join(folder, "log-")), files);
    const kept = path.join(copy, "kept");
    if (older !== undefined) writeFileSync(kept, older);
    return run(program, ["-vkey", vkey, "-jwks", jwks, ...(older === undefined ? [] : ["-older", kept]), copy]);
  };
  const genuine = await check(made.files, made.older);
  console.log(`The log of ${made.signer.name} as its server gives it out:\n${genuine.output.trimEnd()}\n`);
  expect(genuine.code === 0, "the genuine log is accepted");

  const trust = path.join(folder, "trust.json");
  writeFileSync(trust, JSON.stringify(made.trust));
  const lines = Buffer.concat(entriesOf(made.files).flatMap((entry) => [entry, Buffer.from("\n")]));
  const asKept = [...made.files, ["entries.jsonl", lines] as const].filter(
    ([file]) => !file.startsWith("tile/entries/"),
  );
  const kept = writeLog(path.join(folder, "download"), new Map(asKept));
  const download = await run(program, ["-trust", trust, "-tenant", "dev", kept]);
  expect(download.code === 0, `the same as \`countersign verify --out\` keeps it is accepted (${download.output})`);

  console.log("Copies that somebody changed:");
  for (const one of await tampered(made.files, made.older, made.signer))
    await refuses(one, await check(one.files, one.older));
  checkSignatures(made.files, made.keys);
} finally {
  rmSync(folder, { recursive: true });
}
for (const failure of failures) console.log(`interop: FAILED: ${failure}`);
if (failures.length === 0) console.log("interop: everything is as it should be");
process.exitCode = failures.length === 0 ? 0 : 1;

function expect(holds: boolean, what: string): void {
  if (!holds) failures.push(what);
}

async function refuses({ name, refusedAt }: Case, { code, output }: { code: number; output: string }): Promise<void> {
  const reason = output.trimEnd().split("\n").at(-1) ?? "";
  console.log(`  ${name}\n    ${reason}`);
  expect(code === 3 && reason.startsWith(`refused: ${refusedAt}`), `${name} is refused at ${refusedAt.trim()}`);
}

/** A log by real work: notes, each of them a governed task of three steps. */
async function makeLog() {
  const system = await startCountersign();
  try {
    const dev = system.tenants["dev"]!;
    const client = createClient({
      baseUrl: system.url,
      key: dev.apiKeys.operator,
      fetch: (to, init) => fetch(to, init),
    });
    const loaded = loadAutomation("notes", {});
    if (!loaded.ok) throw new Error(loaded.problem.detail);
    await publishOne(client, dev, loaded.value);
    const older = await work(system);
    await download(system);
    const files = await fetchLog(system, "dev");
    const keys = (await (await system.fetch("/.well-known/jwks.json")).json()) as KeySet;
    return {
      files,
      older,
      keys,
      trust: system.trust,
      signer: logSigner(`${system.trust.logOrigin}/dev`, system.workerKeys.checkpointKey),
    };
  } finally {
    await system.stop();
  }
}

/** @returns a checkpoint that was served on the way */
async function work(system: Countersign): Promise<Uint8Array> {
  const checkpoint = async () => new Uint8Array(await (await system.fetch("/log/dev/checkpoint")).arrayBuffer());
  let kept: Uint8Array | null = null;
  for (let size = 0, n = 0; size < ENTRIES;) {
    const tasks = Array.from({ length: AT_ONCE }, () => ({
      automation: "notes",
      input: { text: `note ${++n}` },
      idempotencyKey: `note-${n}`,
    }));
    const { app } = system.tenants["dev"]!.apiKeys;
    const answers = await Promise.all(
      tasks.map((body) => system.call(app, "/v1/intents", { body, headers: { prefer: "wait=10" } })),
    );
    const failed = answers.find(({ status }) => status !== 200);
    if (failed !== undefined)
      throw new Error(`a task was answered with ${failed.status}: ${JSON.stringify(failed.body)}`);
    const now = await checkpoint();
    size = sizeOf(new Map([["checkpoint", now]]));
    // Neither a full tile nor the final size: the proof needs hashes of several levels.
    if (size > 100) kept ??= now;
  }
  return kept!;
}

function checkSignatures(files: Files, keys: KeySet): void {
  const envelopes = entriesOf(files).flatMap((entry) => envelopesIn(JSON.parse(new TextDecoder().decode(entry))));
  const verdicts = envelopes.map((envelope) => verifiesByNode(envelope, keys)).filter((verdict) => verdict !== null);
  const one = envelopes.find((envelope) => verifiesByNode(envelope, keys) !== null)!;
  const changed = { ...one, payload: one.payload.replace(/^./, (first) => (first === "e" ? "f" : "e")) };
  expect(verdicts.length > 0 && verdicts.every(Boolean), "every signature by a key of the set verifies in Node");
  expect(verifiesByNode(changed, keys) === false, "Node refuses a changed payload");
  const byOpenssl = verifiesByOpenssl(one, keys);
  expect(byOpenssl !== false && verifiesByOpenssl(changed, keys) !== true, "openssl says the same");
  console.log(
    `\nSignatures (DSSE) by /.well-known/jwks.json: ${verdicts.length} verify with Node's crypto, a changed one does not; openssl ${byOpenssl === null ? "is not here" : "agrees"}.`,
  );
}
