/** The runtime of Workers, for the objects of this plane. Everything else takes it as a parameter (shared/platform.ts). */
import type { Platform } from "../shared/platform.ts";

export const workersPlatform: Platform = {
  nowMs: () => Date.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  setTimer: (ms, fire) => {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
  log: (message, fields) => console.error(message, fields),
};
