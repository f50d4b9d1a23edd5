/** A JSON value for reading: scalars in the line, lists and objects indented; arguments as a table with where each came from. */
import type { Json, JsonObject } from "../../../shared/json.ts";
import { isErased } from "../lib/erased.ts";
import { nameWords, visible } from "../lib/format.ts";
import { pretty } from "../lib/pretty.ts";
import { Provenance } from "./provenance.tsx";

const isScalar = (value: Json): boolean => value === null || typeof value !== "object";
const isReference = (value: Json): value is { $ref: string } =>
  !isScalar(value) && !Array.isArray(value) && typeof (value as JsonObject)["$ref"] === "string";
const isFlatList = (value: Json): value is readonly Json[] =>
  Array.isArray(value) && value.length > 0 && value.every(isScalar) && JSON.stringify(value).length <= 72;

/** A short list of small records, such as charges: read as words, one record a line. */
const isRecordList = (value: Json): value is readonly JsonObject[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= 20 &&
  value.every(
    (item: Json) =>
      !isScalar(item) &&
      !Array.isArray(item) &&
      Object.keys(item as JsonObject).length <= 4 &&
      Object.values(item as JsonObject).every(isScalar) &&
      !isReference(item),
  );

export function Value({ value }: { value: Json }) {
  if (isErased(value)) return <span className="muted">erased with the person whom it was about</span>;
  if (isReference(value))
    return (
      <span className="reference" title="Known once the earlier step has its result">
        ↳ {visible(value.$ref)}
      </span>
    );
  if (typeof value === "string")
    return value === "" ? (
      <span className="muted">empty text</span>
    ) : (
      <bdi className="value-text">{visible(value)}</bdi>
    );
  if (isScalar(value)) return <code className="value-plain">{String(value)}</code>;
  if (isFlatList(value))
    return (
      <code className="value-plain">
        {visible(value.map((item) => (typeof item === "string" ? item : String(item))).join(", "))}
      </code>
    );
  if (isRecordList(value))
    return (
      <ul className="records">
        {value.map((record, i) => (
          <li key={i}>
            {Object.entries(record).map(([name, inner]) => (
              <span key={name} className="record-part">
                <span className="muted">{visible(nameWords(name))}</span> <Value value={inner} />
              </span>
            ))}
          </li>
        ))}
      </ul>
    );
  const text = pretty(value);
  if (!text.includes("\n")) return <code className="value-plain">{visible(text)}</code>;
  return (
    <pre className="value-block" tabIndex={0}>
      {visible(text)}
    </pre>
  );
}

/** An object as name and value; with `provenance` a third column says whose words each value repeats. */
export function Fields({
  value,
  provenance,
  label,
}: {
  value: Json;
  provenance?: Readonly<Record<string, string>>;
  label: string;
}) {
  if (isScalar(value) || Array.isArray(value) || isErased(value)) return <Value value={value} />;
  const entries = Object.entries(value as JsonObject);
  if (entries.length === 0) return <p className="muted">None.</p>;
  return (
    <table className="fields">
      <caption className="visually-hidden">{label}</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
          {provenance === undefined ? null : <th scope="col">Comes from</th>}
        </tr>
      </thead>
      <tbody>
        {entries.map(([name, inner]) => (
          <tr key={name}>
            <th scope="row">{visible(name)}</th>
            <td>
              <Value value={inner} />
            </td>
            {provenance === undefined ? null : (
              <td className="fields-from">{<Provenance value={provenance[name] ?? "unknown"} />}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
