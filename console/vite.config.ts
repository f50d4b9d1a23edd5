/**
 * Builds the console into `console/dist`: plain files that any static host serves, with one fallback to `index.html`.
 * `COUNTERSIGN_API` names the API's origin when the console is deployed on an origin of its own; empty means "where I was loaded from".
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { build } from "esbuild";
import { defineConfig, type Plugin } from "vite";
import { PAGE_ASSETS, VERIFIER_BUNDLE } from "../shared/evidence/verifier-bundle.ts";

const api = process.env["COUNTERSIGN_API"] ?? "";

/**
 * The page may load nothing but its own files and call nothing but the API, and nobody may frame it: a framed Approve button
 * could be clicked without being seen. The headers travel as a `_headers` file, which the assets host of Workers applies.
 */
const HEADERS = `/*
  Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'${api === "" ? "" : ` ${api}`}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cross-Origin-Opener-Policy: same-origin
/assets/*
  Cache-Control: public, max-age=31536000, immutable
`;

const headers: Plugin = {
  name: "countersign-headers",
  apply: "build",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "_headers", source: HEADERS });
  },
};

/** What evidence files are made of: the server puts it around the evidence that it answers with. */
const PAGE = join(import.meta.dirname, "..", "cli", "evidence", "page");

const evidencePage: Plugin = {
  name: "countersign-evidence-page",
  apply: "build",
  async generateBundle() {
    const { outputFiles } = await build({ ...VERIFIER_BUNDLE, entryPoints: [join(PAGE, "main.ts")] });
    this.emitFile({ type: "asset", fileName: PAGE_ASSETS.verifier, source: outputFiles[0]!.text.trim() });
    this.emitFile({
      type: "asset",
      fileName: PAGE_ASSETS.style,
      source: readFileSync(join(PAGE, "style.css"), "utf8"),
    });
  },
};

export default defineConfig({
  plugins: [react(), headers, evidencePage],
  define: { __API_ORIGIN__: JSON.stringify(api) },
  build: { target: "es2023", emptyOutDir: true, reportCompressedSize: false, modulePreload: { polyfill: false } },
  server: {
    port: 8901,
    strictPort: true,
    proxy: {
      "/v1": "http://localhost:8900",
      "/.well-known": "http://localhost:8900",
      "/healthz": "http://localhost:8900",
    },
  },
});
