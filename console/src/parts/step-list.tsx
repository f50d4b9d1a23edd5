/** The steps of a task in order, round by round, with the signed plan that each round came from. */
import type { TaskView } from "../../../shared/views.ts";
import { mayReadReviews } from "../lib/permissions.ts";
import { useSession } from "../lib/session.tsx";
import type { SignedDecision, SignedPlan } from "../lib/task-signatures.ts";
import { useHeldDoubts } from "../lib/use-held-doubts.ts";
import { useQuery } from "../lib/use-query.ts";
import { DoubtPanel } from "./doubt-panel.tsx";
import { StepCard } from "./step-card.tsx";
import { StepGraph } from "./step-graph.tsx";
import { PlanLine } from "./step-signatures.tsx";

const REFRESH_MS = 4_000;

/** What of a task may be in doubt: an effect, or an undo that failed. */
const hasDoubt = ({ steps }: TaskView): boolean =>
  steps.some(({ status, undoes, problem }) => status === "in_doubt" || (undoes !== null && problem !== null));

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
  const { client, who } = useSession();
  const reviews = useQuery(
    mayReadReviews(who.role) && hasDoubt(task) ? `reviews:${who.tenant}` : null,
    client.listReviews,
    REFRESH_MS,
  );
  const { doubts, hold } = useHeldDoubts(reviews.data?.doubts.filter((one) => one.task === task.id) ?? []);
  const doubtPanel = (id: string) => {
    const doubt = doubts.find((one) => one.step === id);
    return doubt === undefined ? null : <DoubtPanel doubt={doubt} isBrief onOpen={hold} onAnswer={onChange} />;
  };
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
                  doubt={doubtPanel(step.id)}
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
