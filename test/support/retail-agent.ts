/**
 * The scripted agent: it knows the calls that end a task well, and reads first what an honest agent would have to read to know them.
 *
 * It looks the customer up as the request names them (each e-mail address, else name and postal code), reads the profile, the orders that the
 * request names, then orders that a call needs and only the profile names, then the products of which a call takes a new item.
 * Then it proposes the calls, one round each, so that one that is refused holds up none of the others.
 */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../shared/json.ts";
import type { StepView } from "../../shared/views.ts";
import { open, propose, type Desk, type DeskStep } from "./retail-desk.ts";
import { toAction, type RetailTask } from "./retail.ts";

export type Replayed = {
  readonly rounds: number;
  readonly reads: number;
  readonly writes: number;
  readonly refused: number;
  /** What is not as the task says; empty where all is well. */
  readonly faults: readonly string[];
};

const ORDER = /#W\d{7}/g;
const EMAIL = /[\w.+-]+@[\w.-]+\.[a-z]+/gi;
const NAME_AND_ZIP = /name is (\S+) (\S+) and your zip code is (\d{5})/i;

/** Plays one task to its end. `rowsOf` reads the customer's rows; a refused call must leave them as they are. */
export async function replay(desk: Desk, task: RetailTask, rowsOf: () => Promise<unknown>): Promise<Replayed> {
  const id = await open(desk, task.id, { customerId: task.user, request: task.request, confirmed: true });
  const faults: string[] = [];
  let [rounds, reads] = [0, 0];

  const results: StepView[] = [];
  const look = async (steps: readonly Omit<DeskStep, "id">[]): Promise<void> => {
    if (steps.length === 0) return;
    rounds++;
    const named = steps.map((step) => ({ id: `read-${++reads}`, ...step }));
    for (const step of await propose(desk, id, named)) {
      // One of several e-mail addresses finds the customer; whether one did is asked below.
      if (step.status !== "applied" && !isLookUp(step))
        faults.push(`${step.capability}: ${step.status} ${step.problem?.detail ?? ""}`);
      results.push(step);
    }
  };

  const actions = task.calls.map((call) => ({ ...toAction(call, task.user), refused: call.error !== null }));
  const inRequest = new Set(task.request.match(ORDER) ?? []);
  await look([...lookUps(task), profile(task), ...[...inRequest].map((order) => getOrder(task, order))]);
  const found = results.filter((step) => isLookUp(step) && step.status === "applied");
  if (found.length === 0) faults.push("nobody was found");
  if (found.some(({ result }) => (result as { customerId: string }).customerId !== task.user))
    faults.push("somebody else was found");
  const needed = new Set(actions.map(({ args }) => args["orderId"] as string));
  await look([...needed].filter((order) => !inRequest.has(order)).map((order) => getOrder(task, order)));
  await look(
    [...productsOf(actions, results)].map((productId) => ({ capability: "products.get", args: { productId } })),
  );

  let refused = 0;
  if (actions.length === 0) await propose(desk, id, [], { last: true });
  for (const [position, { capability, args, refused: mustRefuse }] of actions.entries()) {
    rounds++;
    const before = mustRefuse ? await rowsOf() : null;
    const last = position === actions.length - 1;
    const [step] = await propose(desk, id, [{ id: `call-${position + 1}`, capability, args }], { last });
    const wanted = mustRefuse ? "failed" : "applied";
    if (step!.status !== wanted)
      faults.push(
        `${capability}: ${step!.status} ${step!.problem?.code ?? step!.decision?.rules.join(", ")}, not ${wanted}`,
      );
    if (!mustRefuse) continue;
    refused++;
    if (step!.problem?.code !== "effect-refused") faults.push(`${capability}: ${step!.problem?.code}`);
    if (!isDeepStrictEqual(await rowsOf(), before)) faults.push(`${capability}: was refused and changed rows`);
  }
  return { rounds, reads, writes: actions.length - refused, refused, faults };
}

const isLookUp = ({ capability }: StepView): boolean => capability.startsWith("customers.find_");

function lookUps({ request }: RetailTask): Omit<DeskStep, "id">[] {
  const emails = request.match(EMAIL) ?? [];
  if (emails.length > 0) return emails.map((email) => ({ capability: "customers.find_by_email", args: { email } }));
  const [, firstName, lastName, zip] = NAME_AND_ZIP.exec(request) ?? [];
  if (firstName === undefined) throw new Error(`nobody is named: ${request}`);
  return [{ capability: "customers.find_by_name_zip", args: { firstName, lastName: lastName!, zip: zip! } }];
}
const profile = ({ user }: RetailTask) => ({ capability: "customers.get", args: { customerId: user } });
const getOrder = ({ user }: RetailTask, orderId: string) => ({
  capability: "orders.get",
  args: { customerId: user, orderId },
});

type OrderResult = { readonly items: readonly { readonly itemId: string; readonly productId: string }[] };

/** Products of the items that a call replaces, as the orders that were read name them. */
function productsOf(actions: readonly { readonly args: JsonObject }[], results: readonly StepView[]): Set<string> {
  const replaced = new Set(
    actions.flatMap(({ args }) => (args["newItemIds"] === undefined ? [] : (args["itemIds"] as string[]))),
  );
  return new Set(
    results
      .filter(({ capability, result }) => capability === "orders.get" && result !== null)
      .flatMap(({ result }) => (result as OrderResult).items)
      .filter(({ itemId }) => replaced.has(itemId))
      .map(({ productId }) => productId),
  );
}
