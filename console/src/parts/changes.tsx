/** Record by record, from what to what. */
import type { Shown } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { Empty } from "./notice.tsx";

export function Changes({ changes }: { changes: Shown["changes"] }) {
  if (changes.length === 0) return <Empty>The executor names no record that would change.</Empty>;
  return (
    <ul className="changes">
      {changes.map(({ what, from, to }, i) => (
        <li key={`${i}.${what}`} className="change">
          <span className="change-what">{visible(what)}</span>
          <span className="change-values">
            {from === null ? (
              <span className="muted">new</span>
            ) : (
              <>
                <del>
                  <span className="visually-hidden">from </span>
                  <bdi>{visible(from)}</bdi>
                </del>
                <span aria-hidden="true" className="change-arrow">
                  →
                </span>
              </>
            )}
            <ins>
              <span className="visually-hidden">to </span>
              <bdi>{visible(to)}</bdi>
            </ins>
          </span>
        </li>
      ))}
    </ul>
  );
}
