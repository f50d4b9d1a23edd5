/** The steps of a task in order, round by round, with the signed plan that each round came from. */
import type { TaskView } from "../../../shared/views.ts";
import type { SignedDecision, SignedPlan } from "../lib/task-signatures.ts";
import { StepCard } from "./step-card.tsx";
import { StepGraph } from "./step-graph.tsx";
import { PlanLine } from "./step-signatures.tsx";

export function StepList({
  task,
  plans,
  decisions,
  onChange,
}: {
  task: TaskView;
  plans: readonly SignedPlan[];
  decisions: readonly SignedDecision[];
  /** Something was asked for that changes the task. */
  onChange: () => void;
}) {
  const rounds = [...new Set(task.steps.map((step) => step.round))].toSorted((a, b) => a - b);
  return (
    <>
      <StepGraph steps={task.steps} />
      {rounds.map((round) => (
        <div key={round} className="round">
          <div className="round-head">
            {rounds.length > 1 ? <p className="round-name">Round {round}</p> : null}
            <ul className="signatures">
              {plans
                .filter((plan) => plan.round === round)
                .map((plan) => (
                  <PlanLine key={plan.plan} task={task.id} plan={plan} />
                ))}
            </ul>
          </div>
          <ol className="steps">
            {task.steps
              .filter((step) => step.round === round)
              .map((step) => (
                <StepCard
                  key={step.id}
                  task={task.id}
                  step={step}
                  onChange={onChange}
                  decisions={decisions.filter((decision) => decision.step === step.id)}
                />
              ))}
          </ol>
        </div>
      ))}
    </>
  );
}
