import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { controlSql } from "../../scripts/lib/control-seed.ts";
import { apiKeyHash, newTenantKeys, newWorkerKeys, secretsOf, trustOf } from "../../scripts/lib/keys.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import { reasonIn } from "../../scripts/lib/run.ts";
import { isPortFree } from "../../scripts/start/workers.ts";
import { Trust } from "../../shared/trust.ts";

const start = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [inRoot("scripts", "start.mjs"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const [code] = (await once(child, "close")) as [number];
  return { code, errors };
};

describe("npm start", () => {
  it("says in one line that the port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      expect(await isPortFree(port)).toBe(false);
      const { code, errors } = await start("--port", String(port));
      expect(code).toBe(1);
      expect(errors.trim().split("\n")).toEqual([expect.stringContaining(`port ${port} is in use`)]);
    } finally {
      server.close();
    }
    await once(server, "close");
    expect(await isPortFree(port)).toBe(true);
  });

  it.each([
    ["--port", "none"],
    ["--port", "70000"],
    ["--prot", "1"],
  ])("says in one line which option there is: %s %s", async (...args) => {
    const { code, errors } = await start(...args);
    expect(code).toBe(1);
    expect(errors.trim().split("\n")).toEqual([expect.stringContaining("--port NUMBER")]);
  });
});

describe("the reason in a tool's output", () => {
  it("is its error line, without colours", () => {
    expect(
      reasonIn(
        'one\n\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m near "x": syntax error\n\nlog file\n',
      ),
    ).toBe('near "x": syntax error');
  });
  it("goes on where the error line ends in a colon", () => {
    expect(reasonIn("error during build:\nBuild failed with 1 error:\nno such file\nat x")).toBe(
      "error during build: Build failed with 1 error: no such file",
    );
  });
  it("is the last line where no line speaks of an error", () => {
    expect(reasonIn("a\nb\n\n")).toBe("b");
    expect(reasonIn("")).toBe("no output");
  });
});

describe("development keys", () => {
  it("the trust configuration has the shape that the Workers parse, and no private part", () => {
    const [workers, tenant] = [newWorkerKeys(), newTenantKeys("dev")];
    const trust = trustOf(workers, [tenant]);
    expect(Trust.parse(JSON.parse(JSON.stringify(trust)))).toEqual(trust);
    expect(JSON.stringify(trust)).not.toContain('"d"');
  });

  it("each Worker gets its own keys and no other's", () => {
    const workers = newWorkerKeys();
    const secrets = secretsOf(workers);
    expect(Object.keys(secrets["countersign"]!)).toEqual(["PROPOSAL_KEY", "TASK_ID_SECRET"]);
    expect(Object.keys(secrets["countersign-executors"]!)).toEqual(["RECEIPT_KEY", "CREDENTIALS"]);
    expect(Object.keys(secrets["countersign-ledger"]!)).toEqual(["CHECKPOINT_KEY"]);
  });
});

describe("the control database of a fresh tenant", () => {
  const database = () => {
    const db = new DatabaseSync(":memory:");
    for (const file of readdirSync(inRoot("migrations/control")).toSorted())
      db.exec(readFileSync(inRoot("migrations/control", file), "utf8"));
    return db;
  };
  const seed = (db: DatabaseSync, keys: ReturnType<typeof newTenantKeys>) => {
    for (const statement of controlSql(keys, 1)) db.exec(statement);
  };

  it("has each key as a hash, and seeding again changes nothing", () => {
    const db = database();
    const keys = newTenantKeys("dev");
    seed(db, keys);
    const before = db.prepare("SELECT * FROM api_keys ORDER BY role").all();
    seed(db, keys);
    expect(db.prepare("SELECT * FROM api_keys ORDER BY role").all()).toEqual(before);
    expect(before).toHaveLength(6);
    expect(before.find((row) => row["role"] === "app")).toMatchObject({
      hash: apiKeyHash(keys.apiKeys.app),
      member: null,
      revoked_at: null,
    });
    expect(before.find((row) => row["role"] === "approver")).toMatchObject({ member: "ada" });
    expect(JSON.stringify(before)).not.toContain(keys.apiKeys.app);
  });

  it("new keys revoke the old development keys", () => {
    const db = database();
    seed(db, newTenantKeys("dev"));
    seed(db, newTenantKeys("dev"));
    expect(db.prepare("SELECT count(*) AS n FROM api_keys WHERE revoked_at IS NULL").get()).toEqual({ n: 6 });
    expect(db.prepare("SELECT count(*) AS n FROM api_keys").get()).toEqual({ n: 12 });
  });
});

describe("the check for installed dependencies", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  /** A copy of the script in a repository of its own, with an npm that only says that it was called. */
  const ensure = (wanted: object, present: object | null) => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-"));
    folders.push(folder);
    for (const part of ["scripts", "bin"]) mkdirSync(join(folder, part));
    cpSync(inRoot("scripts", "ensure-installed.mjs"), join(folder, "scripts", "ensure-installed.mjs"));
    writeFileSync(join(folder, "bin", "npm"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: wanted }));
    if (present !== null) {
      mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
      writeFileSync(join(folder, "node_modules", ".bin", "node"), "");
      writeFileSync(join(folder, "node_modules", ".package-lock.json"), JSON.stringify({ packages: present }));
    }
    return spawnSync(process.execPath, [join(folder, "scripts", "ensure-installed.mjs")], {
      env: { PATH: `${join(folder, "bin")}:/bin:/usr/bin` },
      encoding: "utf8",
    });
  };
  const zod = { "node_modules/zod": { version: "4.6.7" } };

  it("installs nothing where every package stands in the version of the lockfile", () => {
    expect(
      ensure({ "": {}, ...zod, "node_modules/only-macos": { version: "1.0.0", optional: true } }, zod).status,
    ).toBe(0);
  });
  it.each([
    ["nothing is installed", null],
    ["a package is missing", {}],
    ["a package has another version", { "node_modules/zod": { version: "4.6.6" } }],
  ])("installs where %s, and says so when npm fails", (_, present) => {
    const { status, stderr } = ensure(zod, present);
    expect(status).toBe(1);
    expect(stderr).toContain("npm ci failed");
  });
});
