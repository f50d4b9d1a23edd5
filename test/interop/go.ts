/**
 * The Go program of this folder, built with Debian's packages: `golang-go` and `golang-golang-x-mod-dev`. No network is asked for Go code.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { reasonIn, run } from "../../scripts/lib/run.ts";

/** Where Debian puts the sources of its Go packages. */
const GOPATH = "/usr/share/gocode";
const PACKAGES = ["golang-go", "golang-golang-x-mod-dev"];

const isThere = async (): Promise<boolean> =>
  existsSync(path.join(GOPATH, "src/golang.org/x/mod/sumdb/tlog")) && (await run("go", ["version"])).code === 0;

/** Installs what is missing where that is allowed. @returns why there is no Go here, or null */
export async function ensureGo(): Promise<string | null> {
  if (await isThere()) return null;
  if (process.getuid?.() !== 0 || (await run("apt-get", ["--version"])).code !== 0)
    return `it needs ${PACKAGES.join(" and ")}, and there is no right to install them here`;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () => run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...PACKAGES], { env });
  let installed = await install();
  if (installed.code !== 0) {
    await run("apt-get", ["update", "-qq"], { env });
    installed = await install();
  }
  return (await isThere()) ? null : `${PACKAGES.join(" and ")} could not be installed: ${reasonIn(installed.output)}`;
}

/** Builds the program into `folder`; throws with the compiler's words. @returns its path */
export async function buildVerifier(folder: string): Promise<string> {
  const program = path.join(folder, "interop");
  const built = await run("go", ["build", "-o", program, "./test/interop"], {
    env: {
      ...process.env,
      GO111MODULE: "off",
      GOFLAGS: "",
      GOPATH,
      GOCACHE: path.join(folder, "cache"),
      CGO_ENABLED: "0",
    },
  });
  if (built.code !== 0) throw new Error(built.output);
  return program;
}
