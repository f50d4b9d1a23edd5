/**
 * What the platform itself costs on this machine: a Worker that answers, an object that makes three writes durable one after another,
 * and three D1 writes in sequence.
 */
import { DurableObject } from "cloudflare:workers";

/** As many as a tenant has shards. */
const OBJECTS = 4;
let next = 0;

export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case "/object":
        return Response.json(await env.FLOOR.getByName(String(next++ % OBJECTS)).threeWrites());
      case "/database":
        return Response.json(await threeStatements(env.DB));
      default:
        return Response.json({ ok: true });
    }
  },
};

async function threeStatements(database) {
  let rows = 0;
  for (let step = 1; step <= 3; step++) {
    const { meta } = await database
      .prepare("INSERT INTO written (id, step, text) VALUES (?, ?, ?)")
      .bind(crypto.randomUUID(), step, "a short text")
      .run();
    rows += meta.rows_written ?? 0;
  }
  return { ok: true, rows };
}

export class Floor extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS written (id TEXT PRIMARY KEY, step INTEGER, text TEXT) WITHOUT ROWID",
    );
  }

  async threeWrites() {
    let rows = 0;
    for (let step = 1; step <= 3; step++) {
      const { sql } = this.ctx.storage;
      rows += sql.exec(
        "INSERT INTO written (id, step, text) VALUES (?, ?, ?)",
        crypto.randomUUID(),
        step,
        "a short text",
      ).rowsWritten;
      await this.ctx.storage.sync();
    }
    return { ok: true, rows };
  }
}
