/** A command to run in a terminal, with a button that copies it. */
import { CopyButton } from "./id.tsx";

export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} what="command" />
    </div>
  );
}
