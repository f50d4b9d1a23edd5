/** What `npm start` prints when everything answers: where it is, where the keys are, what runs, and three commands to try. */
import { DEMO } from "../demo-data.ts";
import { DEV_FILE, type DevFile } from "./dev-state.ts";
import { devArguments, LOG_FILE } from "./workers.ts";

export function introduction(dev: DevFile, port: number): string {
  const { app, approver } = dev.apiKeys;
  return `
Countersign answers at ${dev.url}

  keys     ${DEV_FILE} (this machine only): one API key for each role, the tenant's root key, the approver ${dev.approver.member}
  runs     npx wrangler ${devArguments(port).join(" ")}
  log      ${LOG_FILE}

Try, in another terminal:

  curl -s ${dev.url}/v1/intents -H 'Authorization: Bearer ${app}' -H 'Content-Type: application/json' -H 'Idempotency-Key: cancel-W2000002' -H 'Prefer: wait=5' \\
    -d '${EXAMPLE_INTENT}'

  curl -s ${dev.url}/v1/reviews -H 'Authorization: Bearer ${approver}'

  npx countersign verify

Ctrl-C stops everything; the data stays.
`;
}

/** Too large to happen without a person: it waits until ada has signed. */
const EXAMPLE_INTENT = JSON.stringify({
  automation: "order-cancellation",
  input: {
    customerId: DEMO.ada.customerId,
    orderId: DEMO.ada.largeOrder,
    reason: "no longer needed",
    confirmed: true,
  },
});
