/** What an evidence file is made of beside the evidence: files of the console's build, which this Worker serves as static assets. */
import type { PageParts } from "../../shared/evidence/page.ts";
import { PAGE_ASSETS } from "../../shared/evidence/verifier-bundle.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";

/** Assets do not change while a version is deployed. */
let kept: PageParts | null = null;

/** Errors: not-running where the console was not built. */
export async function pageParts({ ASSETS }: Pick<Bindings, "ASSETS">): Promise<Result<PageParts>> {
  if (kept !== null) return ok(kept);
  const [verifier, style] = await Promise.all([
    asset(ASSETS, PAGE_ASSETS.verifier, "javascript"),
    asset(ASSETS, PAGE_ASSETS.style, "css"),
  ]);
  if (verifier === null || style === null)
    return err(problem("not-running", "The page of evidence files was not built: `npm run build:console` makes it."));
  kept = { verifier, style };
  return ok(kept);
}

/** For a path that it does not have, the assets host answers with the console's own page. */
async function asset(assets: Fetcher, path: string, type: string): Promise<string | null> {
  const response = await assets.fetch(`https://assets.invalid/${path}`);
  const found = response.ok && response.headers.get("content-type")?.includes(type) === true;
  if (found) return response.text();
  await response.body?.cancel();
  return null;
}
