/** What a terminal shows of words that an attacker chose: two that look the same are the same. */
import { expect, it } from "vitest";
import { line, render, renderJson } from "../../../cli/output.ts";

it.each([
  ["a zero-width space", "john\u200b@shop.example", "john\\u200b@shop.example"],
  ["a word joiner", "john\u2060@shop.example", "john\\u2060@shop.example"],
  ["a soft hyphen", "jo\u00adhn@shop.example", "jo\\u00adhn@shop.example"],
  ["a tag", "john\u{e0041}@shop.example", "john\\udb40\\udc41@shop.example"],
  ["a letter that shows nothing", "john\u3164@shop.example", "john\\u3164@shop.example"],
  ["a line separator", "john\u2028@shop.example", "john\\u2028@shop.example"],
  ["a mark of ours", "john\ue002@shop.example", "john\\ue002@shop.example"],
])("%s is spelled out", (_, text, shown) => {
  expect(render(line(text), false)).toBe(shown);
  if (!text.includes("\ue002")) expect(renderJson(text)).toBe(`"${shown}"`);
  expect(JSON.parse(renderJson(text))).toBe(text);
});

it("an emoji of several parts stays one", () => {
  expect(render(line("👩‍💻 Zoë"), false)).toBe("👩‍💻 Zoë");
});
