/**
 * `npm run interop`: a real log, verified by tools that are not ours. Starts the three Workers, makes some hundred entries with an epoch, a rewind
 * and replaced keys among them (test/interop/made.ts), fetches the log over HTTP, and gives it to a Go program over golang.org/x/mod/sumdb
 * (test/interop), which accepts it, and refuses every tampered copy. `countersign verify` has to find the same in the copies of what people let go.
 * Signatures are checked with the published key set by Node's own crypto and by openssl.
 *
 * Ends with 0 where everything is as it should be, with 1 where it is not, and with 75 (EX_TEMPFAIL) where Go is missing and could not be
 * installed: such a run proved nothing and says so.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatVkey } from "../shared/tlog/note.ts";
import { run } from "./lib/run.ts";
import { envelopesIn, verifiesByNode, verifiesByOpenssl, type KeySet } from "../test/interop/dsse.ts";
import { entriesOf, writeLog, type Files } from "../test/interop/files.ts";
import { buildVerifier, ensureGo } from "../test/interop/go.ts";
import { makeLog } from "../test/interop/made.ts";
import { recoveredWrongly } from "../test/interop/recovered.ts";
import { logSigner, tampered, type Case } from "../test/interop/tampered.ts";
import { commandLine } from "../test/support/cli.ts";

/** More than one full tile and one full bundle, and a level above them. */
const ENTRIES = 300;
const SKIPPED = 75;

const missing = await ensureGo();
if (missing !== null) {
  console.log(`interop: SKIPPED, nothing was verified: ${missing}`);
  process.exit(SKIPPED);
}
const folder = mkdtempSync(path.join(tmpdir(), "countersign-interop-"));
const failures: string[] = [];
try {
  const [program, made] = await Promise.all([buildVerifier(folder), makeLog(ENTRIES)]);
  const signer = logSigner(`${made.trust.logOrigin}/dev`, made.workerKeys.after.checkpointKey);
  const at = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const trust = at("trust.json", JSON.stringify(made.trust));
  const jwks = at("jwks.json", JSON.stringify(made.keys));
  const pinned = ["-trust", trust, "-tenant", "dev"];

  const check = async (files: Files, older?: Uint8Array, by = pinned) => {
    const copy = writeLog(mkdtempSync(path.join(folder, "log-")), files);
    const kept = path.join(copy, "kept");
    if (older !== undefined) writeFileSync(kept, older);
    return run(program, [...by, ...(older === undefined ? [] : ["-older", kept]), copy]);
  };
  const genuine = await check(made.files, made.older);
  console.log(`The log of ${signer.name} as its server gives it out:\n${genuine.output.trimEnd()}\n`);
  expect(genuine.code === 0, "the genuine log is accepted");
  const published = await check(made.files, undefined, ["-vkey", formatVkey(signer), "-jwks", jwks]);
  expect(published.code === 0, `it is accepted with the published keys alone (${published.output})`);
  const download = await check(made.kept);
  expect(download.code === 0, `the same as \`countersign verify --out\` keeps it is accepted (${download.output})`);

  console.log("Copies that somebody changed:");
  const cases = await tampered(made.files, made.older, signer);
  for (const one of [...cases, ...(await recoveredWrongly(made, entriesOf(made.files), signer))]) {
    await refuses(one, await check(one.files, one.older));
    if (one.finding !== undefined) await isFound(one, one.finding, trust);
  }
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

/** `countersign verify` over the same copy, as a download. */
async function isFound({ name, files }: Case, finding: string, trust: string): Promise<void> {
  const cli = commandLine(null);
  try {
    writeLog(path.join(cli.folder, "copy"), asKept(files));
    const argv = ["verify", "--dir", "copy", "--trust", trust, "--tenant", "dev", "--json"];
    const { exit, json, err } = await cli.run(...argv);
    const found: string[] = (json?.checks ?? []).flatMap(({ check, findings }: any) =>
      findings.map(({ code }: any) => `${check} ${code}`),
    );
    console.log(`    countersign verify: ${[...new Set(found)].join(", ")}${err}`);
    expect(exit === 3 && found.includes(finding), `countersign verify finds ${finding} where ${name}`);
  } finally {
    cli.remove();
  }
}

/** What `countersign verify --out` would keep of a log. */
function asKept(files: Files): Files {
  const lines = entriesOf(files).flatMap((entry) => [entry, Buffer.from("\n")]);
  return new Map([
    ["checkpoint", files.get("checkpoint")!],
    ["entries.jsonl", Buffer.concat(lines)],
  ]);
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
