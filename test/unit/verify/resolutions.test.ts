/** A person's word on an effect in doubt stands in the record with its signature; whoever writes the record cannot make one up. */
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../shared/canonical.ts";
import { TaskEvent } from "../../../shared/events.ts";
import { actionId } from "../../../shared/ids.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Resolution } from "../../../shared/resolution.ts";
import { signEnvelope } from "../../../shared/signing.ts";
import { verifyRecord } from "../../../shared/verify/index.ts";
import {
  admitting,
  applying,
  claiming,
  decision,
  enrolled,
  EU,
  learning,
  NOW_MS,
  opening,
  planOf,
  settling,
  TENANT,
  TestRecord,
  type TestPerson,
} from "../../support/record.ts";

type Change = { readonly signed?: Partial<Resolution>; readonly event?: object; readonly after?: TaskEvent[] };

/** Findings over a record in which a step is in doubt and `by` resolves it. */
async function findings(by: TestPerson, { signed = {}, event = {}, after }: Change = {}): Promise<string[]> {
  const record = new TestRecord();
  record.chain(EU).write(null, [await learning()]);
  const task = record.newTask(EU);
  const plan = planOf(task, "eu", ["one"]);
  const action = actionId(task, 1, 0);
  const resolution: Resolution = {
    version: 1,
    id: `res_${"b".repeat(26)}`,
    tenant: TENANT,
    task,
    step: "one",
    action,
    digest: digestOf(plan.steps[0]),
    attempt: 1,
    outcome: "applied",
    retry: false,
    result: null,
    reason: "looked",
    atMs: NOW_MS,
    expiresMs: NOW_MS + 500_000,
    ...signed,
  };
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.resolution,
    payload: resolution,
    signers: [by.signer],
  });
  const doubt: TaskEvent = {
    type: "step-in-doubt",
    step: "one",
    action,
    attempt: 1,
    code: "effect-in-doubt",
    asked: 0,
    askAtMs: null,
    tags: [],
  };
  const resolved = TaskEvent.parse({
    type: "doubt-resolved",
    step: "one",
    action,
    attempt: 1,
    resolution: resolution.id,
    member: by.member,
    roles: rolesOf.get(by),
    outcome: resolution.outcome,
    retry: resolution.retry,
    envelope,
    chain: by.chain,
    ...event,
  });
  record.chain(EU).write(task, [opening("eu"), await admitting(plan, { one: decision("allow") })]);
  record.chain(EU).write(task, [claiming(task, "one", 0)]);
  record.chain(EU).write(task, [doubt]);
  record.chain(EU).write(task, [resolved, ...(after ?? [applying(task, "one", 0), settling()])]);
  await record.deliver(EU);
  const report = await verifyRecord(await record.input());
  return report.checks.flatMap(({ findings: all }) => all.map(({ check, code }) => `${check} ${code}`));
}
const rolesOf = new Map<TestPerson, readonly string[]>();
const person = async (member: string, roles: readonly string[]): Promise<TestPerson> => {
  const made = await enrolled(member, roles);
  rolesOf.set(made, roles);
  return made;
};

describe("a resolution in the record", () => {
  it("holds, by an operator or by an approver where no rule asked for another role", async () => {
    expect(await findings(await person("olga", ["operator"]))).toEqual([]);
    expect(await findings(await person("ada", ["approver"]))).toEqual([]);
  });

  it("is found out where it is over something else, or by someone who may not", async () => {
    const olga = await person("olga", ["operator"]);
    const cases: readonly (readonly [string, Promise<string[]>])[] = [
      ["attempt", findings(olga, { signed: { attempt: 2 } })],
      ["step", findings(olga, { signed: { digest: `sha256:${"0".repeat(64)}` } })],
      ["event", findings(olga, { signed: { outcome: "not-applied" }, event: { outcome: "applied" } })],
      ["role", findings(await person("dan", ["billing-lead"]))],
      ["requester", findings(await person("rita", ["operator"]))],
      ["expired", findings(olga, { signed: { expiresMs: NOW_MS - 400_000_000 } })],
      ["tenant", findings(olga, { signed: { tenant: "other" } })],
    ];
    const found = await Promise.all(cases.map(async ([name, all]) => [name, await all]));
    expect(Object.fromEntries(found)).toEqual({
      attempt: ["attestations attestation-mismatch"],
      step: ["attestations attestation-mismatch"],
      event: ["attestations attestation-mismatch"],
      role: ["attestations role-missing"],
      requester: ["attestations approver-is-requester"],
      expired: ["attestations expired"],
      tenant: ["attestations audience-mismatch"],
    });
  });

  it("cannot carry another result than the signed one", async () => {
    const olga = await person("olga", ["operator"]);
    expect(await findings(olga, { signed: { result: "r".repeat(43) } })).toEqual(["actions action-mismatch"]);
  });
});
