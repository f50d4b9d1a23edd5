/** Tasks from outside: what an intent, a proposal or a signal is answered, and the list of tasks. */
import * as z from "zod";
import { TaskStatus } from "../events.ts";

export const TaskLinks = z.object({ self: z.string(), events: z.string(), explain: z.string() });
/** Answer 202 to an intent or a proposal; a settled task is answered 200 with its view instead. */
export const Accepted = z.object({ task: z.string(), status: TaskStatus, links: TaskLinks });
export type Accepted = z.infer<typeof Accepted>;

/** A row of the ledger's read model; it follows the record with a small delay. */
export const TaskSummary = z.object({
  task: z.string(),
  automation: z.string(),
  status: z.string(),
  region: z.string(),
  executor: z.string(),
  openedAt: z.string(),
  updatedAt: z.string(),
  firstIndex: z.int(),
  lastIndex: z.int(),
});
export const TaskPage = z.object({ tasks: z.array(TaskSummary), next: z.string().nullable() });
export type TaskPage = z.infer<typeof TaskPage>;

/** `taken`: a step waited for it. `kept`: none does yet. `duplicate`: it was here before. */
export const SignalReceived = z.object({
  task: z.string(),
  id: z.string(),
  status: z.enum(["taken", "kept", "duplicate"]),
});
export type SignalReceived = z.infer<typeof SignalReceived>;
