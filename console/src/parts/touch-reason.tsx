/** Why one action was done, out of its task's explanation: what came in, which rules decided, who signed, and what came of it. */
import type { Explanation } from "../../../shared/api.ts";
import { visible, words } from "../lib/format.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { ProblemNotice, Skeleton } from "./notice.tsx";
import { At } from "./time.tsx";
import { Fields } from "./value.tsx";

export function TouchReason({ task, step: name }: { task: string; step: string }) {
  const { client } = useSession();
  const explained = useQuery(`explained:${task}`, () => client.explainTask(task));
  if (explained.data === null)
    return explained.problem === null ? (
      <Skeleton lines={4} label="the reasons" />
    ) : (
      <ProblemNotice problem={explained.problem} doing="Reading the reasons" onRetry={() => void explained.refresh()} />
    );
  const step = explained.data.steps.find(({ id }) => id === name);
  return (
    <ol className="reasons">
      <li>
        <h4>What came in</h4>
        <p>
          <Asked asked={explained.data.asked} />
        </p>
        <Fields value={explained.data.asked.input} label="Input of the task" />
      </li>
      {step === undefined ? <li>The task has no step {visible(name)} any more.</li> : <Reasons step={step} />}
    </ol>
  );
}

function Asked({ asked: { principal, trigger, purpose, at } }: { asked: Explanation["asked"] }) {
  return (
    <>
      Asked by {visible(principal.member ?? `an ${principal.role} key`)}, <At at={at} />
      {trigger === null ? null : ` · after ${words(trigger.kind)} ${visible(trigger.id)}`}
      {purpose === null ? null : ` · for ${visible(purpose)}`}
    </>
  );
}

function Reasons({ step }: { step: Explanation["steps"][number] }) {
  return (
    <>
      {step.after.length === 0 ? null : (
        <li>
          <h4>What it rests on</h4>
          <p>It came after {step.after.map(visible).join(", ")} of the same task.</p>
        </li>
      )}
      <li>
        <h4>What decided</h4>
        <p>{visible(step.because)}</p>
        {step.attestations.map(({ attestation, decision, member, roles, reason, at }) => (
          <p key={attestation}>
            <strong>{visible(member)}</strong> ({roles.map(visible).join(", ")}){" "}
            {decision === "approve" ? "approved" : "rejected"} it, <At at={at} />
            {reason === null ? "." : `: “${visible(reason)}”`}
          </p>
        ))}
      </li>
      <li>
        <h4>What it was to do</h4>
        <Fields value={step.args} provenance={step.provenance} label={`Arguments of ${step.id}`} />
      </li>
      {step.result === null ? null : (
        <li>
          <h4>What came of it</h4>
          <Fields value={step.result} label={`Result of ${step.id}`} />
        </li>
      )}
      {step.problem === null ? null : (
        <li>
          <h4>What went wrong</h4>
          <p>{visible(step.problem.detail)}</p>
        </li>
      )}
    </>
  );
}
