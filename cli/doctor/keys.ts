/** The signing keys of the three planes: which one signs, since when, whether an old one is still believed, and where a retired one was not revoked. */
import type { Overview, TrustView } from "../../shared/api.ts";
import type { Client } from "../../shared/client.ts";
import { keyId, type PublicJwk } from "../../shared/keys.ts";
import { fine, refused, unknown, wrong, type Diagnosis } from "./diagnosis.ts";

const DAY_MS = 86_400_000;
const short = (kid: string): string => kid.slice(0, 10);

export async function diagnoseKeys(client: Client, nowMs: number): Promise<Diagnosis[]> {
  const [trust, overview] = await Promise.all([client.trust(), client.overview()]);
  if (!trust.ok) return [refused("signing keys", trust.problem, "look at TRUST in the deploy configuration")];
  if (!overview.ok) return [refused("signing keys", overview.problem, "are the Workers running?")];
  return examineKeys(trust.value, overview.value, nowMs);
}

export function examineKeys(trust: TrustView, overview: Overview, nowMs: number): Diagnosis[] {
  const { executors, ledger } = overview;
  const receipt = [...new Set(executors.flatMap(({ keys }) => (keys === undefined ? [] : [keys.signs])))];
  const planes: readonly Plane[] = [
    { name: "proposal", keys: trust.proposalKeys, signs: trust.proposalKeys.slice(0, 1).map(keyId) },
    { name: "receipt", keys: trust.receiptKeys, signs: receipt },
    { name: "checkpoint", keys: trust.checkpointKeys, signs: ledger?.keys?.signs ?? [] },
  ];
  return [...planes.map((plane) => examinePlane(plane, trust, executors, nowMs)), ...examineRetired(trust, executors)];
}

type Plane = {
  readonly name: "proposal" | "receipt" | "checkpoint";
  readonly keys: readonly PublicJwk[];
  readonly signs: readonly string[];
};

function examinePlane({ name, keys, signs }: Plane, trust: TrustView, executors: Executors, nowMs: number): Diagnosis {
  const check = `${name} key`;
  const believed = keys.map(keyId);
  const signing = signs[0];
  if (signing === undefined) return unknown(check, "nobody says which key signs");
  const deaf = executors.filter(({ keys: here }) => here !== undefined && !here.trusts.includes(signing));
  if (deaf.length > 0)
    return wrong(
      check,
      `${short(signing)} signs and ${deaf.map(({ executor }) => executor).join(", ")} do not believe it`,
      "docs/runbooks/rotate-keys.md: publish a key before it signs",
    );
  const revoked = executors.filter(({ keys: here }) => here?.revoked.includes(signing) === true);
  if (revoked.length > 0)
    return wrong(
      check,
      `${short(signing)} signs and is revoked in ${revoked.map(({ executor }) => executor).join(", ")}`,
      `npm run rotate -- ${name}`,
    );
  const age = ageOf(signing, trust, nowMs);
  const others = believed.filter((kid) => kid !== signing);
  if (others.length === 0) return fine(check, `${short(signing)} signs${age}; nothing depends on another`);
  const also = signs.length > 1 ? "signs beside it" : "is believed too";
  return fine(
    check,
    `${short(signing)} signs${age}; ${others.map(short).join(", ")} ${also}: next npm run rotate -- ${name} sign, or finish where it is the one before`,
  );
}

const ageOf = (kid: string, { since }: TrustView, nowMs: number): string => {
  const begun = since?.[kid];
  return begun === undefined ? "" : `, ${Math.floor((nowMs - Date.parse(begun)) / DAY_MS)} days old`;
};

type Executors = Overview["executors"];

/** A retired key that some executor never revoked has no end there: what it signs later would look as if it had been signed in time. */
function examineRetired({ retired }: TrustView, executors: Executors): Diagnosis[] {
  if (retired === undefined) return [];
  const kids = [...retired.proposalKeys, ...retired.receiptKeys, ...retired.checkpointKeys].map(keyId);
  const open = kids.filter((kid) => executors.some(({ keys }) => keys !== undefined && !keys.revoked.includes(kid)));
  return [
    open.length === 0
      ? fine("retired keys", `${kids.length}, each revoked in the chain of every executor that answers`)
      : wrong(
          "retired keys",
          `not revoked everywhere: ${open.join(", ")}`,
          `countersign keys revoke ${open[0]} --reason rotated`,
        ),
  ];
}
