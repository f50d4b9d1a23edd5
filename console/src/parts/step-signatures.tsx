/** The signatures on a task, each verified in this browser: plans, people's decisions, receipts. */
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { Envelope } from "../../../shared/signing.ts";
import { visible } from "../lib/format.ts";
import type { SignedDecision, SignedPlan } from "../lib/task-signatures.ts";
import { useAnchors } from "../lib/trust-anchors.tsx";
import { useVerdict } from "../lib/use-verdict.ts";
import { verifyAttestation, verifyPlan, verifyReceipt, type Verdict } from "../signing/verify.ts";
import { SignatureLine } from "./signature.tsx";
import { At } from "./time.tsx";

const kidsOf = (envelope: Envelope): readonly string[] => envelope.signatures.map(({ keyid }) => keyid);
/** What a check is called, so that another envelope or another key set is another check. */
const nameOf = (envelope: Envelope, ready: boolean): string | null =>
  ready ? `${envelope.payload}.${envelope.signatures.map(({ sig }) => sig).join()}` : null;

/** While keys are on their way the outcome is open; where they did not come, it says so. */
function outcomeOf<T>(verdict: Verdict<T> | null, ready: boolean, missing: Problem | null): Result<T, Problem> | null {
  if (verdict !== null) return verdict.outcome;
  return ready || missing === null
    ? null
    : err(problem("key-unknown", `The keys to verify with are missing: ${missing.detail}`));
}

export function ReceiptLine({ task, step, envelope }: { task: string; step: string; envelope: Envelope }) {
  const { keys, problem: missing } = useAnchors();
  const verdict = useVerdict(nameOf(envelope, keys !== null), () => verifyReceipt(envelope, { task, step }, keys!));
  const outcome = outcomeOf(verdict, keys !== null, missing);
  const receipt = outcome?.ok === true ? outcome.value : null;
  return (
    <SignatureLine what="Receipt of the executor" kids={kidsOf(envelope)} outcome={outcome}>
      {receipt === null ? null : (
        <p className="chips small muted">
          <span>{receipt.delivery}</span>
          {receipt.effectKey === null ? null : (
            <span>
              effect key <code>{receipt.effectKey}</code>
            </span>
          )}
          <span>
            action <code>{receipt.action}</code>
          </span>
          <span>chain position {receipt.seq}</span>
          {receipt.replayed ? <span>applied by an earlier attempt</span> : null}
        </p>
      )}
    </SignatureLine>
  );
}

export function DecisionLine({ task, decision }: { task: string; decision: SignedDecision }) {
  const { trust, problem: missing } = useAnchors();
  const { envelope, chain, step } = decision;
  const verdict = useVerdict(nameOf(envelope, trust !== null), () =>
    verifyAttestation(envelope, chain, { task, step }, trust!, Date.parse(decision.at)),
  );
  const outcome = outcomeOf(verdict, trust !== null, missing);
  const reason = outcome?.ok === true ? outcome.value.reason : null;
  return (
    <SignatureLine
      what={
        <>
          <strong>{decision.member}</strong> {decision.decision === "approve" ? "approved" : "rejected"}{" "}
          <span className="muted">as {decision.roles.join(", ")}</span>
        </>
      }
      kids={kidsOf(envelope)}
      outcome={outcome}
    >
      {reason === null ? null : <p className="small">“{visible(reason)}”</p>}
      <p className="small muted">
        <At at={decision.at} />
      </p>
    </SignatureLine>
  );
}

export function PlanLine({ task, plan }: { task: string; plan: SignedPlan }) {
  const { keys, problem: missing } = useAnchors();
  const verdict = useVerdict(nameOf(plan.envelope, keys !== null), () => verifyPlan(plan.envelope, task, keys!));
  return (
    <SignatureLine
      what={
        <>
          Plan <code>{plan.plan}</code>{" "}
          <span className="muted">by {plan.planner === "agent" ? `agent ${plan.agent}` : `the ${plan.planner}`}</span>
        </>
      }
      kids={kidsOf(plan.envelope)}
      outcome={outcomeOf(verdict, keys !== null, missing)}
    />
  );
}
