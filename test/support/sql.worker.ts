/**
 * A Worker of the tests beside the three: it asks the databases what it is told to. Asking through a request leaves the process of the
 * tests free; wrangler's own handle of a binding stops it until the answer is there.
 */
import type { SqlAnswer, SqlQuestion } from "./sql.ts";

export default {
  async fetch(request: Request, env: Readonly<Record<string, D1Database>>): Promise<Response> {
    const { binding, statements } = (await request.json()) as SqlQuestion;
    const database = env[binding]!;
    try {
      const answers = await database.batch(
        statements.map(({ text, values }) => database.prepare(text).bind(...(values ?? []))),
      );
      return Response.json({ rows: (answers.at(-1)?.results ?? []) as never } satisfies SqlAnswer);
    } catch (error) {
      return Response.json({ error: String(error) } satisfies SqlAnswer);
    }
  },
} satisfies ExportedHandler<Readonly<Record<string, D1Database>>>;
