import { Link } from "../lib/router.tsx";
import { Empty } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";

export function UnknownPage() {
  return (
    <Page title="There is no such page" documentTitle="Not found">
      <Empty>
        The address leads nowhere. <Link to="/">Overview</Link> · <Link to="/reviews">Reviews</Link>
      </Empty>
    </Page>
  );
}
