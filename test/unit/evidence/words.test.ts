import { describe, expect, it } from "vitest";
import { inWords } from "../../../shared/evidence/index.ts";
import { attesting, decision, enrolled, EU, LEAD, opening, settling, TestRecord } from "../../support/record.ts";

describe("what a record says in words", () => {
  const task = new TestRecord().newTask(EU);

  it("names who asked, and in whose name", () => {
    const { title, more } = inWords(opening("eu"));
    expect(title).toBe("Asked for: refunds, in the name of rita");
    expect(more[0]).toBe("By the app key key_test.");
  });

  it("quotes the reason of a person, and names the key", async () => {
    const ada = await enrolled("ada", ["lead"]);
    const said = inWords(await attesting(task, "one", 0, ada, { decision: "reject", reason: "no <b>" }));
    expect(said).toMatchObject({ title: "ada rejected one", quote: "no <b>", tone: "bad", kid: ada.signer.kid });
  });

  it("says of a resolved step what decided", () => {
    const said = inWords({
      type: "step-resolved",
      step: "refund",
      args: "",
      preview: null,
      premises: [],
      tags: ["order:#W1"],
      decision: decision("review", LEAD),
    });
    expect(said).toMatchObject({ title: "refund: needs a person, by large", more: ["It is about order:#W1."] });
  });

  it("says how it ended, and names an event without a sentence as the protocol does", () => {
    expect(inWords(settling()).title).toBe("The task ended: succeeded");
    expect(inWords({ type: "step-expired", step: "refund" }).title).toBe("refund: step expired");
  });
});
