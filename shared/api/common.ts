/** Forms that every answer shares. */
import * as z from "zod";

/** RFC 3339 in UTC. */
export const At = z.iso.datetime();
/** Executors that did not answer in time. */
export const Incomplete = z.array(z.string());
