/** Do traces reach their collector? */
import type { Overview } from "../../shared/api.ts";
import { fine, wrong, type Diagnosis } from "./diagnosis.ts";

/** No line where no collector is configured. */
export function examineTraces({ ledger }: Overview): Diagnosis[] {
  const traces = ledger?.traces ?? null;
  if (traces === null) return [];
  const { endpoint, failing, dropped, pending, lastError } = traces;
  const lost = Object.entries(dropped).filter(([why, count]) => count > 0 && why !== "unsampled");
  const said = lost.map(([why, count]) => `${count} ${why}`).join(", ");
  if (failing !== null)
    return [
      wrong(
        "traces",
        `${endpoint ?? "the collector"} does not take them: ${failing.what}; ${pending} tasks wait${said === "" ? "" : `; not sent: ${said}`}`,
        "docs/runbooks/trace-export.md",
      ),
    ];
  return [
    lost.length === 0
      ? fine("traces", `${traces.sentTraces} sent to ${endpoint ?? "?"}`)
      : wrong("traces", `not sent: ${said} (last: ${lastError?.what ?? "unknown"})`, "docs/runbooks/trace-export.md"),
  ];
}
