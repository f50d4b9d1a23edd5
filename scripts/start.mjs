/** `npm start`: see scripts/start/main.ts. */
import { runOnNode24 } from "./run-on-node24.mjs";

await runOnNode24("scripts/start/main.ts");
