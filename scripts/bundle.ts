/**
 * Prints the release bundle of an automation, canonical JSON, as `countersign publish NAME --bundle -` takes it:
 *
 *   node scripts/bundle.ts order-cancellation | npx countersign publish order-cancellation --bundle -
 */
import { loadAutomation } from "./load-automation.ts";

const [name] = process.argv.slice(2);
if (name === undefined) {
  console.error("usage: node scripts/bundle.ts AUTOMATION");
  process.exit(2);
}
const loaded = loadAutomation(name);
if (!loaded.ok) {
  console.error(`${loaded.problem.code}: ${loaded.problem.detail}`);
  process.exit(1);
}
for (const { rule, message } of loaded.value.advice) console.error(`rule ${rule}: ${message}`);
process.stdout.write(`${loaded.value.text}\n`);
