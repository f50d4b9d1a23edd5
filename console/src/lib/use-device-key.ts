/** This device's key and where it stands, as state. */
import { useCallback, useEffect, useState } from "react";
import { standingOf, type Standing } from "../signing/enrolment.ts";
import { deviceKey, type DeviceKey } from "../signing/device-key.ts";
import { mayReadReviews } from "./permissions.ts";
import { useSession } from "./session.tsx";
import { useQuery, type Query } from "./use-query.ts";
import type { EnrolmentPage } from "../../../shared/api.ts";

export type DeviceKeyState = {
  /** "loading" until IndexedDB has answered. */
  readonly key: DeviceKey | null | "loading";
  /** Null while unknown: no key, or the server has not said. */
  readonly standing: Standing | null;
  readonly enrolments: Query<EnrolmentPage>;
  readonly reload: () => Promise<void>;
};

/** `everyMs`: how often to ask whether an enrolment has arrived. */
export function useDeviceKey(everyMs: number): DeviceKeyState {
  const { client, who } = useSession();
  const [key, setKey] = useState<DeviceKey | null | "loading">("loading");
  const enrolments = useQuery(
    mayReadReviews(who.role) ? `enrolments:${who.tenant}` : null,
    client.listEnrolments,
    everyMs,
  );
  const reload = useCallback(async () => setKey(await deviceKey(who.tenant).catch(() => null)), [who.tenant]);
  useEffect(() => {
    void reload();
  }, [reload]);
  const standing =
    key === null || key === "loading" || enrolments.data === null
      ? null
      : standingOf(key.kid, enrolments.data, enrolments.asOfMs ?? 0);
  return { key, standing, enrolments, reload };
}
