/** Whether people who were to be erased are. */
import type { Overview } from "../../shared/api.ts";
import { fine, wrong, type Diagnosis } from "./diagnosis.ts";

export function diagnoseErasures({ erasing }: Overview): Diagnosis[] {
  // A key that may not know is told nothing.
  if (erasing === undefined) return [];
  return [
    erasing === 0
      ? fine("erasures", "none unfinished")
      : wrong(
          "erasures",
          `asked for and not done: ${erasing}`,
          "repeat countersign subjects erase SUBJECT with its --request until nothing remains; an effect in doubt needs countersign resolve",
        ),
  ];
}
