/** How the page's own verifier is bundled (esbuild), by the command line when it writes a page and by the console's build for the server. */
export const VERIFIER_BUNDLE = {
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  platform: "browser",
  target: "es2023",
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
} as const;

/** Where the console's build leaves what a page is made of, below its root. */
export const PAGE_ASSETS = { verifier: "evidence/verifier.js", style: "evidence/style.css" } as const;
