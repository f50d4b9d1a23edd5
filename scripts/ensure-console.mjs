/**
 * Makes sure that `console/dist` holds a page, because a Worker with an assets folder does not start without it.
 * Where the console was not built yet, the page says in one line which command builds it and starts all three Workers.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const page = join(dirname(fileURLToPath(import.meta.url)), "..", "console", "dist", "index.html");

if (!existsSync(page)) {
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(
    page,
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Countersign</title>\n<p>The console is not built yet: <code>npm start</code> builds it and starts all three Workers.</p>\n`,
  );
}
