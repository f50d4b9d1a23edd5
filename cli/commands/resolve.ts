/**
 * `countersign resolve TASK STEP`: shows what is in doubt and where to look, and signs what the person found with a key of this device.
 */
import { toBase64Url } from "../../shared/bytes.ts";
import type { Disclosure } from "../../shared/commitments.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { resolutionOf, type Resolution } from "../../shared/resolution.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { DoubtView } from "../../shared/views.ts";
import type { Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { deviceKey, signerOf } from "../signing.ts";
import { doubtText } from "../views/doubt.ts";
import { taskText } from "../views/task.ts";

export const resolve: Command = {
  name: "resolve",
  summary: "Says what became of an effect in doubt, after you have looked, and signs it.",
  args: {
    task: { type: "positional", description: "The task" },
    step: { type: "positional", description: "Its step" },
    applied: { type: "boolean", description: "It happened" },
    "not-applied": { type: "boolean", description: "It did not happen" },
    retry: { type: "boolean", description: "With --not-applied: try it again; else the step fails" },
    result: { type: "string", valueHint: "JSON", description: "With --applied: the result that later steps refer to" },
    reason: { type: "string", description: "How you know" },
    yes: { type: "boolean", description: "Sign without asking" },
    "signing-key": {
      type: "string",
      valueHint: "FILE",
      description: "Private JWK that signs (COUNTERSIGN_SIGNING_KEY); else the development approver's",
    },
  },
  examples: [
    `countersign resolve tsk_eu_2_… pay --applied --reason "booking 4711 is in the ledger of the bank"`,
    `countersign resolve tsk_eu_2_… pay --not-applied --retry --reason "the bank knows no such booking"`,
  ],
  run: async (call) => {
    const outcome = outcomeOf(call);
    const reason = call.args.required("reason");
    const result = resultOf(call, outcome);
    if (!result.ok) return result;
    const key = deviceKey(call, "approver", "admin");
    const client = call.client("approver", "operator", "admin");
    if (!client.ok) return client;
    const tenant = await call.tenant(client.value);
    if (!tenant.ok) return tenant;
    const [task, step] = [call.args.required("task"), call.args.required("step")];
    const page = await client.value.listReviews();
    if (!page.ok) return page;
    const doubt = page.value.doubts.find((one) => one.task === task && one.step === step);
    if (doubt === undefined)
      return err(problem("not-in-doubt", "Nothing about this step is in doubt, or its executor did not answer."));
    if (!(await isConfirmed(call, doubt, outcome))) return err(problem("not-in-doubt", "Nothing was signed."));

    const nowMs = call.platform.nowMs();
    const finding = { outcome, retry: call.args.flag("retry"), result: result.value, reason };
    const resolution = resolutionOf(doubt, tenant.value, finding, {
      random: call.platform.randomBytes(16),
      atMs: nowMs,
      expiresMs: nowMs + LIMITS.personSignatureMs,
    });
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.resolution,
      payload: resolution,
      signers: [await signerOf(key)],
    });
    const resolved = await client.value.resolveStep(task, step, { envelope, result: result.value });
    return resolved.ok ? ok({ json: resolved.value, text: taskText(resolved.value) }) : resolved;
  },
};

function outcomeOf(call: Call): Resolution["outcome"] {
  const [applied, not] = [call.args.flag("applied"), call.args.flag("not-applied")];
  if (applied === not) throw new UsageError("Say --applied or --not-applied.");
  if (applied && call.args.flag("retry")) throw new UsageError("--retry goes with --not-applied.");
  return applied ? "applied" : "not-applied";
}

function resultOf(call: Call, outcome: Resolution["outcome"]): Result<Disclosure | null> {
  const text = call.args.text("result");
  if (text === undefined) return ok(null);
  if (outcome !== "applied") throw new UsageError("--result goes with --applied.");
  const parsed = parseStrictJson(text);
  return parsed.ok ? ok({ salt: toBase64Url(call.platform.randomBytes(16)), value: parsed.value }) : parsed;
}

async function isConfirmed(call: Call, doubt: DoubtView, outcome: string): Promise<boolean> {
  call.note(doubtText(doubt));
  if (call.args.flag("yes")) return true;
  if (!call.platform.isInteractive)
    throw new UsageError("Nobody can be asked here: look first with `countersign reviews`, then add --yes.");
  return /^y(es)?$/i.test((await call.platform.ask(`\nSign: ${outcome}? [y/N] `)).trim());
}
