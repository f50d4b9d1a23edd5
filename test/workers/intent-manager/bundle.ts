/** The bundle of these tests: one capability with a personal argument, one rule that denies, one that allows. */
import type { ReleaseBundle } from "../../../shared/release.ts";

export const bundleOf = (automation: string, more: Partial<ReleaseBundle> = {}): ReleaseBundle => ({
  version: 1,
  automation,
  summary: "Sends a message.",
  owner: "tests",
  tier: 3,
  planner: "playbook",
  region: { rule: "hash", field: "/customer", among: ["eu", "us"] },
  input: {
    type: "object",
    additionalProperties: false,
    required: ["customer", "email"],
    properties: {
      customer: { type: "string", maxLength: 50, "x-origin": "principal" },
      email: { type: "string", maxLength: 50, "x-origin": "principal", "x-subject": "customer" },
    },
  },
  playbook: {
    version: 1,
    steps: [{ id: "send", capability: "mail.send", args: { to: { $cel: "intent.input.email" }, topic: "hello" } }],
  },
  policy: {
    default: "deny",
    rules: [
      { id: "known", when: 'capability.name == "mail.send" && args.topic == "hello"', then: "allow" },
      { id: "no-spam", when: 'capability.name == "mail.send" && args.topic == "spam"', then: "deny" },
    ],
  },
  capabilities: {
    "mail.send": {
      name: "mail.send",
      version: "1.0.0",
      summary: "Sends a message.",
      input: {
        type: "object",
        additionalProperties: false,
        required: ["to", "topic"],
        properties: {
          to: { type: "string", maxLength: 100, "x-subject": "customer" },
          topic: { type: "string", maxLength: 50 },
        },
      },
      output: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: { id: { type: "string", maxLength: 50 } },
      },
      risk: "low",
      effect: "write",
      reversible: false,
      delivery: "exactly-once",
      roles: { destination: ["to"] },
      tags: [],
    },
  },
  deadlines: { taskMs: 60_000, reviewMs: 60_000 },
  ...more,
});
