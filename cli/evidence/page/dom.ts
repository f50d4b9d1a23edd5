/** Elements from values. Texts are text nodes always, so nothing that the evidence holds can become markup. */
export type Child = Node | string | null;
type Properties = { readonly class?: string; readonly [attribute: string]: string | undefined };

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const time = (ms: number): HTMLElement =>
  h(
    "time",
    { datetime: new Date(ms).toISOString() },
    `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`,
  );
