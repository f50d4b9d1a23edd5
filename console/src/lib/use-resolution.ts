/**
 * The steps of one word on an effect in doubt: closed, writing, confirming, sending, answered or failed.
 *
 * U1  While a word is on its way, nothing else can be started.
 * U2  What is sent is the doubt that stood on screen when the form was opened, and the finding that was confirmed (N1 of resolution.ts).
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { problem, type Problem } from "../../../shared/problems.ts";
import type { DoubtView, TaskView } from "../../../shared/views.ts";
import type { DeviceKey } from "../signing/device-key.ts";
import type { Found, KeptResolution } from "../signing/resolution.ts";
import { keptResolution, sendResolution } from "../signing/send-resolution.ts";
import { useSession } from "./session.tsx";

export type ResolutionState =
  | { readonly at: "closed" }
  | { readonly at: "writing" }
  | { readonly at: "confirming"; readonly found: Found }
  | { readonly at: "sending"; readonly found: Found }
  | { readonly at: "answered"; readonly found: Found; readonly task: TaskView }
  | { readonly at: "failed"; readonly found: Found; readonly problem: Problem };

export type ResolutionControl = {
  /** As it stood when the form was opened (U2); the newest one while it is closed. */
  readonly doubt: DoubtView;
  readonly state: ResolutionState;
  /** Signed here earlier and never answered; null normally. */
  readonly kept: KeptResolution | null;
  readonly go: (state: Extract<ResolutionState, { at: "closed" | "writing" | "confirming" }>) => void;
  readonly send: (found: Found) => void;
};

export function useResolution(newest: DoubtView, key: DeviceKey | null, onAnswer: () => void): ResolutionControl {
  const { client, who } = useSession();
  const [state, setState] = useState<ResolutionState>({ at: "closed" });
  const [kept, setKept] = useState<KeptResolution | null>(null);
  const [opened, setOpened] = useState<DoubtView | null>(null);
  const busy = useRef(false);
  const doubt = opened ?? newest;

  useEffect(() => {
    void keptResolution(who.tenant, doubt.action).then(setKept, () => setKept(null));
  }, [who.tenant, doubt.action, state]);

  const go = useCallback(
    (next: ResolutionState) => {
      if (busy.current) return;
      setOpened(next.at === "closed" ? null : (was) => was ?? newest);
      setState(next);
    },
    [newest],
  );
  const send = useCallback(
    (found: Found) => {
      if (busy.current || key === null) return;
      busy.current = true;
      setOpened(doubt);
      setState({ at: "sending", found });
      void sendResolution(client, who.tenant, key, doubt, found)
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
              ? { at: "answered", found, task: answer.value }
              : { at: "failed", found, problem: answer.problem },
          );
          onAnswer();
        });
    },
    [client, who.tenant, key, doubt, onAnswer],
  );
  return { doubt, state, kept, go, send };
}
