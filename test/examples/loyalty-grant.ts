/** Giving a customer loyalty points, once for each grant. */
import type { D1Definition } from "../../executors/adapters/d1.ts";
import { sql, TENANT } from "../../executors/adapters/sql.ts";
import { NEXT, update } from "../../executors/adapters/writes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { writeContract } from "../../executors/capabilities/contract.ts";
import { count, customerId, object, text } from "../../executors/capabilities/schemas.ts";

type Args = { readonly customerId: string; readonly grantId: string; readonly points: number };

export const grantPoints: D1Definition<Args, "account"> = {
  contract: writeContract({
    name: "loyalty.grant",
    summary: "Adds points to a customer's loyalty account.",
    input: object({ customerId, grantId: text(60), points: { type: "integer", minimum: 1, maximum: 10_000 } }),
    output: object({ customerId, points: count }),
    preview: object({ balance: count, points: count }),
    risk: "low",
    reversible: true,
    roles: { target: ["customerId"], amount: ["points"] },
    tags: ["customer:{customerId}"],
    effectKey: "loyalty:{grantId}",
  }),
  read: (args) => ({
    account: sql`SELECT points, version FROM loyalty_accounts WHERE tenant = ${TENANT} AND customer_id = ${args.customerId}`,
  }),
  plan: ({ customerId: id, grantId, points }, { account: [account] }) => {
    if (account === undefined) return err(problem("not-found", "There is no such account here.", { what: "account" }));
    const [balance, version] = [Number(account.points), Number(account.version)];
    return ok({
      preview: { balance, points },
      premises: [
        {
          resource: `loyalty/${id}`,
          version,
          condition: sql`(SELECT version FROM loyalty_accounts WHERE tenant = ${TENANT} AND customer_id = ${id}) = ${version}`,
        },
      ],
      summary: `Give the customer ${id} ${points} points (${grantId}).`,
      changes: [{ what: `points of ${id}`, from: String(balance), to: String(balance + points) }],
      statements: [
        update("loyalty_accounts", { points: sql`points + ${points}`, version: NEXT }, sql`customer_id = ${id}`),
      ],
      result: { customerId: id, points: balance + points },
    });
  },
};
