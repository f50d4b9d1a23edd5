/** Feature toggles: what holds, and a change by an operator. */
import * as z from "zod";
import { ToggleBody, TogglePage, ToggleView } from "../../shared/api/toggles.ts";
import { ok } from "../../shared/result.ts";
import { ToggleName } from "../../shared/toggles.ts";
import { endpoint } from "../http/endpoint.ts";
import { setToggle, togglesOf } from "../intake/toggles.ts";

export const listToggles = endpoint(
  "GET /v1/toggles",
  {
    summary: "Feature toggles and their changes",
    tag: "automations",
    answers: { 200: { description: "What holds, and the newest changes", schema: TogglePage } },
  },
  async ({ env, caller }) => ok(await togglesOf(env, caller.tenant.id)),
);

export const putToggle = endpoint(
  "PUT /v1/toggles/{name}",
  {
    summary: "Set a feature toggle",
    description:
      "In force everywhere within a second. `after` is the version that it follows (0: the first one); if another stands, `toggle-moved` names it. Every version is kept with who set it, when and why.",
    tag: "automations",
    params: z.object({ name: ToggleName }),
    body: ToggleBody,
    answers: { 200: { description: "The version that holds now", schema: ToggleView } },
  },
  ({ env, caller, params, body: { automation = null, ...change }, nowMs }) =>
    setToggle(env, caller.tenant.id, caller.key, { name: params.name, automation, ...change }, nowMs),
);
