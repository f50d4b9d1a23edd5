/**
 * Installs the dependencies when `node_modules` is not what the lockfile says. Runs before every npm script, on any Node from 20 on,
 * and needs no dependency itself. It compares versions, not dates: a checkout that only touched the lockfile's date installs nothing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const fail = (line) => {
  console.error(`countersign: ${line}`);
  process.exit(1);
};

/** The versions in a lockfile by folder, or null where there is none. */
const packagesOf = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : null);

/** Whether each package of the lockfile stands in node_modules in the same version. Optional ones may be absent: they are for other machines. */
const isInstalled = () => {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const present = packagesOf(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null) fail("package-lock.json is missing; check the repository out again.");
  if (present === null || !existsSync(join(root, "node_modules", ".bin", "node"))) return false;
  return Object.entries(wanted).every(
    ([folder, entry]) =>
      folder === "" ||
      (present[folder] === undefined ? entry.optional === true : present[folder].version === entry.version),
  );
};

const major = Number(process.versions.node.split(".")[0]);
if (major < 20)
  fail(
    `Node ${process.versions.node} is too old: install Node 20 or newer. (The project brings its own Node 24 for everything after that.)`,
  );

if (!isInstalled()) {
  console.error("countersign: installing dependencies (npm ci) …");
  // npm removes node_modules first, so it must not run on the Node that lies in there.
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes(`${sep}node_modules${sep}.bin`))
    .join(delimiter);
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.error) fail(`npm could not be started (${npm.error.message}); install Node 20 or newer with npm.`);
  if (npm.status !== 0) fail("npm ci failed; its message stands above.");
  if (!isInstalled())
    fail("npm ci ended well, yet node_modules is not what the lockfile says; remove node_modules and try again.");
}
