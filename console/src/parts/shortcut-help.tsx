/** The keys that the console listens to. */
import type { Ref } from "react";

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["o", "Overview"],
  ["i", "Review inbox"],
  ["j / k", "Next and previous review"],
  ["a", "Approve: asks once more, Enter signs"],
  ["r", "Reject: asks for the reason, Ctrl+Enter signs"],
  ["t", "The task of the open review"],
  ["Esc", "Back out of a decision"],
  ["?", "This list"],
];

export function ShortcutHelp({ ref }: { ref: Ref<HTMLDialogElement> }) {
  return (
    <dialog ref={ref} className="dialog" aria-labelledby="shortcut-title">
      <h2 id="shortcut-title">Keyboard</h2>
      <dl className="shortcuts">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="button" onClick={(event) => event.currentTarget.closest("dialog")?.close()}>
        Close
      </button>
    </dialog>
  );
}
