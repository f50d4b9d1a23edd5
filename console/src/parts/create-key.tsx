/** Makes the key of this device, or says why this browser cannot. */
import { useEffect, useState } from "react";
import type { Problem } from "../../../shared/problems.ts";
import { useSession } from "../lib/session.tsx";
import { createDeviceKey, unsupported } from "../signing/device-key.ts";
import { Notice } from "./notice.tsx";

export function CreateKey({ onCreated }: { onCreated: () => Promise<void> }) {
  const { who } = useSession();
  const [why, setWhy] = useState<string | null>(null);
  const [failed, setFailed] = useState<Problem | null>(null);
  const [pending, setPending] = useState(false);
  useEffect(() => {
    void unsupported().then(setWhy);
  }, []);
  const create = async (): Promise<void> => {
    setPending(true);
    setFailed(null);
    const made = await createDeviceKey(who.tenant, Date.now());
    setPending(false);
    if (made.ok) await onCreated();
    else setFailed(made.problem);
  };
  return (
    <>
      <p>This device has no key for tenant {who.tenant} yet.</p>
      {why === null ? null : <Notice tone="bad">{why}</Notice>}
      {failed === null ? null : (
        <Notice tone="bad" live="alert">
          {failed.detail}
        </Notice>
      )}
      <button
        type="button"
        className="button button-primary"
        disabled={pending || why !== null}
        onClick={() => void create()}
      >
        {pending ? "Creating…" : "Create the key"}
      </button>
    </>
  );
}
