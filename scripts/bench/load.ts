/** The load generator as the benchmark holds it: a process of its own that runs one job at a time. */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Job, JobResult } from "./job.ts";

export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, "generator.ts"), { stdio: "inherit" });
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const died = (code: number | null) => reject(new Error(`the load generator ended with ${code}`));
      this.#child.once("exit", died);
      this.#child.once("message", (result: JobResult) => {
        this.#child.off("exit", died);
        resolve(result);
      });
      this.#child.send(job);
    });
  }

  /** Of the generator's process. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  stop(): void {
    this.#child.kill();
  }
}
