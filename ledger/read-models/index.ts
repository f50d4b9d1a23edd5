/** The read models of the ledger. */
import { figuresProjector } from "./figures.ts";
import type { Projector } from "./projector.ts";
import { runsProjector } from "./runs.ts";
import { tagsProjector } from "./tags.ts";
import { tasksProjector } from "./tasks.ts";

// Rows of different read models have nothing in common but that their own projector reads them.
export const PROJECTORS = [
  tasksProjector,
  tagsProjector,
  runsProjector,
  figuresProjector,
] as unknown as readonly Projector<unknown>[];
