/**
 * Keeps zod from compiling schemas with `new Function`, which the page's content security policy forbids and browsers report.
 * Imported before every module that holds a schema.
 */
import { config } from "zod";

config({ jitless: true });
