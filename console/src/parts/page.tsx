/** The frame of a page: title, badge, what stands at the right. Moves the focus to the title when the page is entered by navigation. */
import { useEffect, useRef, type ReactNode } from "react";

let first = true;

export function Page({
  title,
  documentTitle,
  badge,
  aside,
  children,
}: {
  title: ReactNode;
  documentTitle: string;
  badge?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // On the first load the browser's own start of the document is right.
    if (!first) heading.current?.focus({ preventScroll: true });
    first = false;
  }, []);
  useEffect(() => {
    document.title = `${documentTitle} · Countersign`;
  }, [documentTitle]);
  return (
    <>
      <div className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {badge}
        {aside === undefined ? null : <div className="page-aside">{aside}</div>}
      </div>
      {children}
    </>
  );
}
