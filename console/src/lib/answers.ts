/** The last good answer to each read, for as long as somebody is signed in. In this tab's memory only; everybody who reads the same sees the same. */

export type Answer = { readonly data: unknown; readonly asOfMs: number };

const answerByKey = new Map<string, Answer>();
const listeners = new Set<() => void>();
const notify = (): void => listeners.forEach((listener) => listener());

export const answerOf = (key: string | null): Answer | undefined => (key === null ? undefined : answerByKey.get(key));

export function keepAnswer(key: string, answer: Answer): void {
  answerByKey.set(key, answer);
  notify();
}

export function forgetAnswers(): void {
  answerByKey.clear();
  notify();
}

export function onAnswers(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
