import { expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import { release } from "../support/manager.ts";
import { codeOf } from "../support/release.ts";

const note = contracts.get("journal.note")!;
const withNote = (change: Partial<CapabilityContract>) => {
  const { bundle } = release(contracts).compiled;
  return compileRelease(canonicalize({ ...bundle, capabilities: { "journal.note": { ...note, ...change } } }));
};
const personal = {
  type: "object",
  properties: { text: { type: "string", "x-subject": "customer" } },
  required: ["text"],
  additionalProperties: false,
};

it("a release whose recorded tags or effect keys would spell out a personal value is refused", () => {
  expect(codeOf(withNote({ input: personal }))).toBe("ok");
  expect(codeOf(withNote({ input: personal, tags: ["note:{text}"] }))).toBe("invalid-contract");
  expect(codeOf(withNote({ input: personal, effectKey: "note:{text}" }))).toBe("invalid-contract");
});

it("a bundle that is not the canonical text of what it says is refused", () => {
  const { text } = release(contracts);
  expect(codeOf(compileRelease(`${text} `))).toBe("release-mismatch");
  expect(codeOf(compileRelease(JSON.stringify(JSON.parse(text), null, 1)))).toBe("release-mismatch");
});

it("a playbook stands in a release exactly when its planner is a playbook", () => {
  const { bundle } = release(contracts).compiled;
  expect(codeOf(compileRelease(canonicalize({ ...bundle, playbook: null })))).toBe("playbook-invalid");
  expect(codeOf(compileRelease(canonicalize({ ...bundle, planner: "agent" })))).toBe("playbook-invalid");
});

it("a contract under another name than its own is refused", () => {
  const { bundle } = release(contracts).compiled;
  expect(
    codeOf(compileRelease(canonicalize({ ...bundle, capabilities: { "journal.note": { ...note, name: "other" } } }))),
  ).toBe("invalid-contract");
});
