/** CPU time of the runtime's own processes, from /proc. Elsewhere than on Linux there is none to read and the column stays empty. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Ticks a second of utime and stime in /proc: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS = 100;

const statOf = (pid: number): { name: string; fields: string[] } | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    return { name: text.slice(text.indexOf("(") + 1, end), fields: text.slice(end + 2).split(" ") };
  } catch {
    return null;
  }
};

/** Ids of the workerd processes that this process started. */
export function ownWorkerds(): Set<number> {
  let pids: number[];
  try {
    pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return new Set();
  }
  return new Set(
    pids.filter((pid) => {
      const stat = statOf(pid);
      return stat !== null && stat.name.startsWith("workerd") && Number(stat.fields[1]) === process.pid;
    }),
  );
}

/** Seconds of CPU that a process has used, in user and kernel mode; NaN where it cannot be read. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)?.fields;
  return fields === undefined ? Number.NaN : (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Ties a process with all its threads to some cores; false where that is not possible. */
export function pinTo(pid: number, cores: string): boolean {
  return spawnSync("taskset", ["-a", "-c", "-p", cores, String(pid)], { stdio: "ignore" }).status === 0;
}
