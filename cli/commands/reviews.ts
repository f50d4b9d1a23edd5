/** `countersign reviews [ID]`: what waits for a person. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { cyan, dim, yellow } from "../output.ts";
import { doubtText } from "../views/doubt.ts";
import { reviewRows, reviewText } from "../views/review.ts";

export const reviews: Command = {
  name: "reviews",
  summary:
    "Lists what waits for a person, decisions and effects in doubt, or shows one review: what will change, why, who asks, which rule.",
  args: { id: { type: "positional", required: false, description: "One review in full" } },
  examples: [
    "countersign reviews",
    "countersign reviews rev_eu_2_…",
    "countersign reviews --json | jq '.reviews[].parts.shown.summary'",
  ],
  run: async (call) => {
    const client = call.client("approver", "auditor");
    if (!client.ok) return client;
    const id = call.args.text("id");
    if (id !== undefined) {
      const review = await client.value.readReview(id);
      return review.ok ? ok({ json: review.value, text: reviewText(review.value) }) : review;
    }
    const page = await client.value.listReviews();
    if (!page.ok) return page;
    const { reviews: waiting, doubts, incomplete } = page.value;
    const lines =
      waiting.length === 0
        ? doubts.length === 0
          ? ["Nothing waits."]
          : []
        : [reviewRows(waiting), "", dim(`one in full: ${cyan(`countersign reviews ${waiting[0]!.id}`)}`)];
    for (const doubt of doubts) lines.push(...(lines.length === 0 ? [] : [""]), doubtText(doubt));
    if (incomplete.length > 0)
      lines.push(yellow(`No answer from ${incomplete.join(", ")}: their reviews are missing.`));
    return ok({ json: page.value, text: lines.join("\n") });
  },
};
