/** Keeps zod from compiling schemas with `new Function`, which the page's content security policy forbids. Imported before every schema. */
import { config } from "zod";

config({ jitless: true });
