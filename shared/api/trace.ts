/** The trace of a task as OTLP/JSON. */
export { ExportTraceServiceRequest } from "../trace/otlp.ts";
