/** The holder of a domain key, when calls come late or twice. */
import { describe, expect, it } from "vitest";
import { ClaimBook } from "../../executors/adapters/claim-book.ts";
import { LIMITS } from "../../shared/limits.ts";
import { memoryStorage } from "../support/guards/shard.ts";

const held = async (book: ClaimBook) => (await book.claim("act_other", "tsk_other", 1)).kind;

describe("a claim book", () => {
  it("gives an attempt nothing that comes after its own release", async () => {
    const book = new ClaimBook(memoryStorage());
    await book.claim("act_a", "tsk_a", 1);
    await book.release("act_a", 1);
    expect(await book.claim("act_a", "tsk_a", 1)).toEqual({ kind: "ended" });
    expect(await held(book)).toBe("granted");
  });

  it("gives nothing to a claim that was sent before a release which came first", async () => {
    const book = new ClaimBook(memoryStorage());
    await book.release("act_a", 2);
    expect(await book.claim("act_a", "tsk_a", 2)).toEqual({ kind: "ended" });
    expect(await book.claim("act_a", "tsk_a", 1)).toEqual({ kind: "ended" });
    expect(await held(book)).toBe("granted");
  });

  it("lets the next attempt have the key, and a late release of the one before does not take it away", async () => {
    const book = new ClaimBook(memoryStorage());
    await book.claim("act_a", "tsk_a", 1);
    await book.release("act_a", 1);
    expect((await book.claim("act_a", "tsk_a", 2)).kind).toBe("granted");
    await book.release("act_a", 1);
    expect(await held(book)).toBe("taken");
    await book.release("act_a", 2);
    expect(await held(book)).toBe("granted");
  });

  it("remembers no more than its bound", async () => {
    const storage = memoryStorage();
    const book = new ClaimBook(storage);
    for (let i = 0; i < LIMITS.undoneRemembered + 5; i++) await book.release(`act_${i}`, 1);
    expect(storage.sql.exec("SELECT count(*) AS n FROM ended").one()["n"]).toBe(LIMITS.undoneRemembered);
  });
});
