import { describe, expect, it } from "vitest";
import {
  ago,
  duration,
  percent,
  shortDigest,
  shortDuration,
  shorten,
  visible,
} from "../../../console/src/lib/format.ts";

describe("text that somebody else wrote", () => {
  it.each([
    ["a bidirectional override", "pay \u202egnp.exe", "pay [U+202E]gnp.exe"],
    ["a zero-width space inside an id", "gift\u200bcard", "gift[U+200B]card"],
    ["a soft hyphen", "ad\u00admin", "ad[U+00AD]min"],
    ["a control character", "a\u0000b\u001b[31m", "a[U+0000]b[U+001B][31m"],
    ["a carriage return that would overwrite a line", "good\rbad", "good[U+000D]bad"],
    ["tag characters that carry a hidden message", "hi\u{e0041}", "hi[U+E0041]"],
    ["a letter that shows nothing", "a\u3164b", "a[U+3164]b"],
    ["a line separator", "a\u2028b", "a[U+2028]b"],
  ])("shows %s by its code", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each([
    ["line breaks and tabs", "a\n\tb"],
    ["other alphabets", "שלום Ωμέγα 你好"],
    ["emoji of several characters", "👩‍🚀 ❤️"],
  ])("leaves %s alone", (_, text) => {
    expect(visible(text)).toBe(text);
  });
});

describe("times", () => {
  it("writes lengths in their two largest units", () => {
    expect([0, 9_999, 61_000, 3_600_000, 90_061_000].map(duration)).toEqual([
      "0 s",
      "9 s",
      "1 min 01 s",
      "1 h 00 min",
      "1 d 1 h",
    ]);
    expect(duration(-5)).toBe("0 s");
  });

  it("writes ages in one unit, and a clock that is a little ahead as now", () => {
    expect([0, 30_000, 120_000, 7_200_000, 200_000_000].map((ms) => ago(0, ms))).toEqual([
      "now",
      "30 s ago",
      "2 min ago",
      "2 h ago",
      "2 d ago",
    ]);
    expect(ago(3_000, 0)).toBe("now");
  });
});

describe("ids", () => {
  it("shortens long ones and leaves short ones whole", () => {
    expect(shorten("tsk_eu_2_abcdefghijklmnopqrstuvwxyz")).toBe("tsk_eu_2_abcde…wxyz");
    expect(shorten("short")).toBe("short");
    expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).toBe("sha256:0123456789…");
  });
});

describe("figures", () => {
  it("rounds a share, but never up to all or down to nothing", () => {
    expect([0, 0.00004, 0.0268, 0.31, 0.9915, 0.99996, 1].map(percent)).toEqual([
      "0 %",
      "0.1 %",
      "2.7 %",
      "31 %",
      "99.2 %",
      "99.9 %",
      "100 %",
    ]);
  });

  it("writes short lengths of time short", () => {
    expect([30, 1_500, 30_000, 300_000, 4_980_000, 86_400_000].map(shortDuration)).toEqual([
      "30 ms",
      "1.5 s",
      "30 s",
      "5 min",
      "1 h 23 min",
      "1 d",
    ]);
  });
});
