/** Calls of the client about feature toggles. */
import type * as z from "zod";
import { TogglePage, ToggleView, type ToggleBody } from "./api/toggles.ts";
import type { Call } from "./client-transport.ts";
import type { Result } from "./result.ts";

type Json = <T>(call: Call, schema: z.ZodType<T>) => Promise<Result<T>>;

export const toggleCalls = (json: Json) => ({
  /** What holds, and the newest changes (auditor, operator, admin). */
  toggles: () => json({ method: "GET", path: "/v1/toggles" }, TogglePage),
  /** Sets one after the version that you have seen (operator, admin). */
  setToggle: (name: string, body: ToggleBody) =>
    json({ method: "PUT", path: `/v1/toggles/${encodeURIComponent(name)}`, body }, ToggleView),
});
