/**
 * The steps of one decision on screen: choosing, confirming, sending, answered or failed.
 *
 * U1  While a decision is on its way, nothing else can be started: repeated clicks and keys do nothing.
 * U2  What is sent is the review that stood on screen when the person confirmed (D2 of decision.ts).
 */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { ReviewView } from "../../../shared/views.ts";
import type { Decision, Kept } from "../signing/decision.ts";
import type { DeviceKey } from "../signing/device-key.ts";
import { keptDecision, sendDecision } from "../signing/send-decision.ts";
import { problem } from "../../../shared/problems.ts";
import { useSession } from "./session.tsx";

export type DecisionState =
  | { readonly at: "choosing" }
  | { readonly at: "confirming"; readonly decision: Decision["decision"] }
  | { readonly at: "sending"; readonly decision: Decision }
  | { readonly at: "answered"; readonly decision: Decision; readonly review: ReviewView }
  | { readonly at: "failed"; readonly decision: Decision; readonly problem: Problem };

export type DecisionControl = {
  readonly state: DecisionState;
  /** Signed here earlier and never answered; null normally. */
  readonly kept: Kept | null;
  readonly choose: (decision: Decision["decision"]) => void;
  readonly back: () => void;
  readonly send: (review: ReviewView, decision: Decision) => void;
};

export function useDecision(reviewId: string, key: DeviceKey | null, onAnswer: () => void): DecisionControl {
  const { client, who } = useSession();
  const [state, setState] = useState<DecisionState>({ at: "choosing" });
  const [kept, setKept] = useState<Kept | null>(null);
  const busy = useRef(false);

  useEffect(() => {
    void keptDecision(who.tenant, reviewId).then(setKept, () => setKept(null));
  }, [who.tenant, reviewId, state]);

  const choose = useCallback((decision: Decision["decision"]) => {
    if (!busy.current) setState({ at: "confirming", decision });
  }, []);
  const back = useCallback(() => {
    if (!busy.current) setState({ at: "choosing" });
  }, []);
  const send = useCallback(
    (review: ReviewView, decision: Decision) => {
      if (busy.current || key === null) return;
      busy.current = true;
      setState({ at: "sending", decision });
      void sendDecision(client, who.tenant, key, review, decision)
        .catch((cause: unknown) => ({
          ok: false as const,
          problem: problem(
            "internal-error",
            `This browser could not sign: ${cause instanceof Error ? cause.message : "unknown"}`,
          ),
        }))
        .then((answer) => {
          busy.current = false;
          setState(
            answer.ok
              ? { at: "answered", decision, review: answer.value }
              : { at: "failed", decision, problem: answer.problem },
          );
          onAnswer();
        });
    },
    [client, who.tenant, key, onAnswer],
  );
  return { state, kept, choose, back, send };
}
