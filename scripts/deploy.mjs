/** `npm run deploy`: see scripts/deploy/main.ts. */
import { runOnNode24 } from "./run-on-node24.mjs";

await runOnNode24("scripts/deploy/main.ts");
