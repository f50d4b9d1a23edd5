/** Whose words an argument repeats. The planner's own and those of documents are marked as untrusted. */

const MEANINGS: { readonly [provenance: string]: { readonly trusted: boolean; readonly meaning: string } } = {
  release: { trusted: true, meaning: "Written in the promoted release." },
  principal: { trusted: true, meaning: "The words or data of whoever asked." },
  record: { trusted: true, meaning: "Read from a trusted record in this task." },
  content: { trusted: false, meaning: "From a document, message or tool result. Untrusted: somebody else wrote it." },
  model: { trusted: false, meaning: "Written by the planner. Untrusted: nothing in this task says it." },
};

export const isTrusted = (provenance: string): boolean => MEANINGS[provenance]?.trusted ?? false;
export const meaningOf = (provenance: string): string =>
  MEANINGS[provenance]?.meaning ?? "Unknown origin. Treat it as untrusted.";

export function Provenance({ value }: { value: string }) {
  const trusted = isTrusted(value);
  return (
    <span className={`provenance ${trusted ? "is-trusted" : "is-untrusted"}`} title={meaningOf(value)}>
      {trusted ? null : <span aria-hidden="true">⚠ </span>}
      {value}
      {trusted ? null : <span className="visually-hidden"> (untrusted)</span>}
    </span>
  );
}
