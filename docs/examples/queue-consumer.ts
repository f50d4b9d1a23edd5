/**
 * A consumer of the queue `countersign-outbound`. A message may arrive twice: it is done once, because the id of its action is claimed in
 * the same batch as what is done for it. A message that cannot be processed is retried, and after `max_retries` goes to the queue
 * `countersign-outbound-dead`, from which Countersign takes it back and shows it.
 *
 *   [[queues.consumers]]
 *   queue = "countersign-outbound"
 *   max_retries = 3
 *   dead_letter_queue = "countersign-outbound-dead"
 *
 *   CREATE TABLE done (id TEXT PRIMARY KEY);
 *   CREATE TABLE told (topic TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL);
 */
type Message = {
  readonly id: string;
  readonly data: { readonly topic: string; readonly subject: string; readonly data: string };
};

export default {
  async queue(batch: MessageBatch<Message>, env: { readonly DB: D1Database }): Promise<void> {
    for (const message of batch.messages) {
      const { id, data } = message.body;
      try {
        await env.DB.batch([
          // First what is to be done, where the id is new; then the id. Both stand or neither does.
          env.DB.prepare(
            "INSERT INTO told (topic, subject, data) SELECT ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM done WHERE id = ?1)",
          ).bind(id, data.topic, data.subject, data.data),
          env.DB.prepare("INSERT OR IGNORE INTO done (id) VALUES (?1)").bind(id),
        ]);
        message.ack();
      } catch {
        message.retry();
      }
    }
  },
};
