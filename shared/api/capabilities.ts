/** The capabilities that a tenant's executors know. */
import * as z from "zod";
import { CapabilityContract } from "../capability.ts";
import { StopView } from "./stops.ts";

export const CapabilityView = z.object({
  contract: CapabilityContract,
  digest: z.string(),
  stop: StopView.nullable(),
});
export const CapabilityPage = z.object({ capabilities: z.array(CapabilityView) });
export type CapabilityPage = z.infer<typeof CapabilityPage>;
