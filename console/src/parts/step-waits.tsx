/** What an unfinished step waits for, and what somebody has to do about it. */
import type { StepView } from "../../../shared/views.ts";
import { At } from "./time.tsx";

/** `hasForm`: what to do about a doubt stands below, as a form. */
export function StepWaits({ task, step, hasForm }: { task: string; step: StepView; hasForm: boolean }) {
  const { waitsFor, resolved } = step;
  return (
    <>
      {waitsFor === null || waitsFor.what === "person" ? null : (
        <p className="small">
          {WAITS[waitsFor.what]} {waitsFor.name === null ? null : <code>{waitsFor.name}</code>}
          {waitsFor.until === null ? null : (
            <>
              {" until "}
              <At at={waitsFor.until} />
            </>
          )}
        </p>
      )}
      {step.status === "in_doubt" && waitsFor?.what === "person" && !hasForm ? (
        <p role="status">
          <strong>In doubt: someone must check.</strong> Look in the target whether this happened, then sign what you
          found: <code>{`countersign resolve ${task} ${step.id} --applied|--not-applied --reason …`}</code>
        </p>
      ) : null}
      {resolved === null ? null : (
        <p className="small">
          <strong>{resolved.member}</strong> signed that it was <strong>{resolved.outcome}</strong>.
          {resolved.contradiction === null ? null : (
            <span className="tone-bad-text"> The target said later that it was {resolved.contradiction}.</span>
          )}
        </p>
      )}
    </>
  );
}
const WAITS: { readonly [what: string]: string } = {
  retry: "Is tried again; waits",
  answer: "In doubt; the target is asked again; waits",
  time: "Waits",
  signal: "Waits for the signal",
  event: "Waits for the event",
};
