/**
 * Domain effect keys: what an action does, in the words of the domain (`cancel:order:#W1`), so that two tasks cannot do it twice. A key is
 * held in a generation, which an undo raises: then the thing can be done again.
 */

/**
 * The key of an action that takes another one back: there is one for each undone action, so a compensation and a reversal of the same
 * action are the same thing, done once. No contract's template renders to it, because `undo` there is no action's id.
 */
export const undoKey = (action: string): string => `undo:${action}`;
