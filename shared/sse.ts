/**
 * Server-sent events (WHATWG HTML, section 9.2): the text of one message, and a reader that turns a byte stream into messages.
 */

export type ByteStream = AsyncIterable<Uint8Array> | { getReader(): ByteReader };
type ByteReader = {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
};

export type EventMessage = {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
};

/** One message as it travels. `data` must hold no line break: JSON text never does. */
export const eventText = (event: string, data: string, id?: number): string =>
  `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`;

/** A comment line: keeps the connection alive and shows a client that left. */
export const PING = ": ping\n\n";

/** The messages of a stream, until it ends. Cancels the stream when the consumer stops early. */
export async function* readEventStream(stream: ByteStream): AsyncGenerator<EventMessage> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunksOf(stream)) {
    // Over the whole rest: a chunk may end between the two characters of a line end.
    rest = (rest + decoder.decode(chunk, { stream: true })).replaceAll("\r\n", "\n");
    let end = rest.indexOf("\n\n");
    while (end !== -1) {
      const message = parseMessage(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (message !== null) yield message;
      end = rest.indexOf("\n\n");
    }
  }
}

function parseMessage(block: string): EventMessage | null {
  let event = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, id, data: data.join("\n") };
}

async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array> {
  if (!("getReader" in stream)) {
    yield* stream;
    return;
  }
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
