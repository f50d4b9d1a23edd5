/** A business record by its impact tag, `order:#W4219`: a link to everything that touched it, for who may ask. */
import { recordParts } from "../lib/impact-words.ts";
import { visible } from "../lib/format.ts";
import { mayAskImpact } from "../lib/permissions.ts";
import { Link } from "../lib/router.tsx";
import { impactPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";

export function RecordText({ tag }: { tag: string }) {
  const { kind, name } = recordParts(tag);
  return (
    <bdi>
      {kind === null ? "" : `${visible(kind)} `}
      {visible(name)}
    </bdi>
  );
}

export function RecordLink({ tag, className }: { tag: string; className?: string }) {
  const { who } = useSession();
  if (!mayAskImpact(who.role))
    return (
      <span className={className}>
        <RecordText tag={tag} />
      </span>
    );
  return (
    <Link to={impactPath(tag)} {...(className === undefined ? {} : { className })}>
      <RecordText tag={tag} />
    </Link>
  );
}
