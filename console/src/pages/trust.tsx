/** What the console can promise and what it cannot: the page that the review page links to. */
import { Link } from "../lib/router.tsx";
import { useSessionControl } from "../lib/session.tsx";
import { Page } from "../parts/page.tsx";

export function TrustPage() {
  const { session } = useSessionControl();
  const signedIn = session.state === "signed-in";
  const text = (
    <div className="prose">
      <h2>What your signature covers</h2>
      <p>
        A decision is an Ed25519 signature over a digest of the signed step, the resolved arguments, the records it
        relies on, and exactly what you were shown. This page computes that digest itself from what it shows and refuses
        to sign when it is not the one that the executor asks about. The executor checks your signature against the
        tenant's root key before it acts, burns each approval when it is used, and refuses whoever asked.
      </p>
      <h2>What your key is</h2>
      <p>
        The browser makes it and keeps it so that it cannot be exported; scripts of this page can use it while the page
        is open, and nobody can copy it. It approves nothing until an admin enrols it with the admin's own key. The API
        key that you sign in with cannot approve anything.
      </p>
      <h2>What this page cannot promise</h2>
      <p>
        Where the intent-manager serves this console (the local default), whoever replaces the console's code could show
        you one thing and have your key sign another. No check inside the page helps, because the check would be
        replaced too. Two choices are stronger:
      </p>
      <ul>
        <li>
          <strong>The command line.</strong> <code>npx countersign reviews</code>, <code>approve</code> and{" "}
          <code>reject</code> run code that you installed and a key on your disk.
        </li>
        <li>
          <strong>The console on its own origin.</strong> It is plain files:{" "}
          <code>COUNTERSIGN_API=https://… npm run build:console</code> and deploy <code>console/dist</code> as an
          assets-only Worker that the intent-manager's deployer cannot change.
        </li>
      </ul>
      <h2>What “verified here” means</h2>
      <p>
        This browser checked the signature with the keys that the server publishes. It finds anything altered, cut or
        swapped. A server that lies about its keys as well is found by <code>npx countersign verify</code> with keys
        that you pinned elsewhere.
      </p>
      {signedIn ? null : (
        <p>
          <Link to="/">Back to the sign-in</Link>
        </p>
      )}
    </div>
  );
  const page = (
    <Page title="What you can rely on" documentTitle="What you can rely on">
      {text}
    </Page>
  );
  return signedIn ? page : <main className="main">{page}</main>;
}
