/**
 * Where short-lived files of tests stand: in memory where there is enough of it. A database that waits for a disk at each commit takes most of a
 * test's time; tests kill processes, not machines, and what a process leaves is the same in both places.
 */
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** A run of all tests leaves less than a tenth of this at a time. */
const ENOUGH_BYTES = 4 * 2 ** 30;

/** Makes TMPDIR, for this process and those that it starts from now on, a folder that goes when this process ends. A TMPDIR that is set stays. */
export function useQuickFolder(): void {
  if (process.env["TMPDIR"] !== undefined) return;
  const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), "countersign-"));
  process.env["TMPDIR"] = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}
