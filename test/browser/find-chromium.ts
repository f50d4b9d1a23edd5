/** Where the browser of this machine is; null where there is none, and the browser tests are skipped. */
import { execFileSync } from "node:child_process";

function find(): string | null {
  try {
    return execFileSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

export const CHROMIUM = find();
if (CHROMIUM === null) console.warn("browser tests are skipped: there is no chromium here (apt-get install chromium)");
