/** Who is asking and what the system is doing now. */
import * as z from "zod";
import { At, Incomplete } from "./common.ts";
import { OutcomeCount, OutcomesView } from "./outcomes.ts";
import { LedgerHealthView, StuckTask } from "./ledger.ts";

/** What the presented API key stands for. `member` is set where the key is bound to a person. */
export const Whoami = z.object({
  tenant: z.string(),
  key: z.string(),
  role: z.string(),
  member: z.string().nullable(),
});
export type Whoami = z.infer<typeof Whoami>;

/** Who is asking and what the system is doing now. */
export const Overview = z.object({
  tenant: z.string(),
  key: z.string(),
  role: z.string(),
  member: z.string().nullable(),
  regions: z.array(z.string()),
  shards: z.int(),
  /** Sums over the executors that answered. */
  tasks: z.object({ open: z.int(), waiting: z.int() }),
  executors: z.array(
    z.object({
      executor: z.string(),
      open: z.int(),
      waiting: z.int(),
      head: z.int(),
      delivered: z.int(),
      alarms: z.array(z.object({ code: z.string(), detail: z.string(), at: z.string() })),
      /** Tasks that only an operator can help; an agent, who may not list tasks, is told of none. */
      stuck: z.array(StuckTask),
      /** Capabilities left alone because the tool that they call has changed. An agent is told of none. */
      quarantined: z.array(
        z.object({ capability: z.string(), tool: z.string(), pinned: z.string(), found: z.string(), at: At }),
      ),
      /** Messages handed over to a queue that no consumer could process: all of them counted, the newest named. An agent is told of none. */
      deadLetters: z.object({
        count: z.int(),
        newest: z.array(
          z.object({ task: z.string(), step: z.string(), capability: z.string(), action: z.string(), at: At }),
        ),
      }),
      /** What became of predictions. An agent is told of none. */
      outcomes: OutcomesView,
      /** Ids of keys: the one it signs with, those it believes, and those of the configuration that it has revoked. */
      keys: z.object({ signs: z.string(), trusts: z.array(z.string()), revoked: z.array(z.string()) }).optional(),
    }),
  ),
  /** The same over the executors that answered, by automation and capability. */
  outcomes: z.array(OutcomeCount),
  /** Erasures of people that were asked for and are not done. Told to admins, operators and auditors. */
  erasing: z.int().optional(),
  /** Reconciliation jobs whose last run left something. Told to admins, operators and auditors. */
  jobs: z.array(z.object({ name: z.string(), left: z.int(), error: z.string().nullable(), at: At })).optional(),
  incomplete: Incomplete,
  /** Null when the ledger did not answer. */
  ledger: LedgerHealthView.nullable(),
});
export type Overview = z.infer<typeof Overview>;
