/** What waits for a person. */
import * as z from "zod";
import { DoubtView, ReviewView } from "../views.ts";
import { Incomplete } from "./common.ts";

/** What waits for a person: decisions, and effects of which nobody knows whether they happened. */
export const ReviewPage = z.object({
  reviews: z.array(ReviewView),
  doubts: z.array(DoubtView),
  incomplete: Incomplete,
});
export type ReviewPage = z.infer<typeof ReviewPage>;
