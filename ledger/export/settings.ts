/**
 * Where traces go: the variables of the OpenTelemetry specification. The endpoint is a plain variable of the deployment; the headers may hold a
 * collector's key and are a secret.
 */
import { shownAddress } from "../../shared/shown-address.ts";

export type ExportSettings = {
  /** Base address of a collector; `/v1/traces` is added. Empty for no export. */
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  /** `name=value,name=value`, values percent-encoded. */
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string;
};
export type Collector = {
  readonly url: string;
  /** What may be shown of it. */
  readonly shown: string;
  readonly headers: { readonly [name: string]: string };
};

/** The collector of these settings; null for none, `invalid` where they cannot be read. */
export function collectorOf(settings: ExportSettings): Collector | null | "invalid" {
  const base = (settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? "").trim();
  if (base === "") return null;
  let url: URL;
  try {
    url = new URL(`${base.replace(/\/+$/, "")}/v1/traces`);
  } catch {
    return "invalid";
  }
  const headers = headersOf(settings.OTEL_EXPORTER_OTLP_HEADERS ?? "");
  if (!["https:", "http:"].includes(url.protocol) || url.username !== "" || url.password !== "" || headers === null)
    return "invalid";
  return { url: url.href, shown: shownAddress(base), headers };
}

function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const [, name, value] = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
    if (name === undefined) return null;
    try {
      headers[name.toLowerCase()] = decodeURIComponent(value!.trim());
    } catch {
      return null;
    }
  }
  return headers;
}
