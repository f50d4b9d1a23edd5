/** An id in monospace, with a button that copies it whole. */
import { useEffect, useState } from "react";
import { shortDigest, shorten } from "../lib/format.ts";

const SHOWN_MS = 1_500;

export function CopyButton({ text, what, children }: { text: string; what: string; children?: string }) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  useEffect(() => {
    if (copied === "no") return;
    const timer = setTimeout(() => setCopied("no"), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setCopied("yes"),
      () => setCopied("failed"),
    );
  };
  return (
    <button
      type="button"
      className={`copy${children === undefined ? "" : " copy-labelled"}`}
      onClick={copy}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
    >
      {copied === "no" ? <CopyMark /> : <span aria-hidden="true">{copied === "yes" ? "✓" : "✕"}</span>}
      {children === undefined ? null : <span> {children}</span>}
      <span role="status" className="visually-hidden">
        {copied === "yes" ? "Copied" : copied === "failed" ? "Copying was not allowed" : ""}
      </span>
    </button>
  );
}

/** Drawn, because fonts do not all have a sign for it. */
const CopyMark = () => (
  <svg
    aria-hidden="true"
    width="13"
    height="13"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.4"
  >
    <rect x="5.2" y="5.2" width="9" height="9" rx="1.8" />
    <path d="M10.8 5.2V3.6a1.8 1.8 0 0 0-1.8-1.8H3.6a1.8 1.8 0 0 0-1.8 1.8V9a1.8 1.8 0 0 0 1.8 1.8h1.6" />
  </svg>
);

/** `form` decides how much of the id is shown; the title and the copy always hold all of it. */
export function Id({
  value,
  what,
  form = "whole",
}: {
  value: string;
  what: string;
  form?: "whole" | "short" | "digest";
}) {
  const text = form === "whole" ? value : form === "digest" ? shortDigest(value) : shorten(value);
  return (
    <span className="id">
      <code title={value}>{text}</code>
      <CopyButton text={value} what={what} />
    </span>
  );
}
