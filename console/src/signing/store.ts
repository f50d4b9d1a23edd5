/** One IndexedDB store of this origin: device keys, and decisions that were signed and may have to be sent again. */

const DATABASE = "countersign";
const STORE = "kept";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB did not open"));
  });
}

/** Runs one request in its own transaction and waits until the transaction is durable. */
async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB aborted"));
    });
  } finally {
    database.close();
  }
}

export const read = async <T>(key: string): Promise<T | null> =>
  (await within<T | undefined>("readonly", (store) => store.get(key) as IDBRequest<T | undefined>)) ?? null;

export const remove = async (key: string): Promise<void> => {
  await within("readwrite", (store) => store.delete(key));
};

/** Writes a value; with `keepFirst` a value that is already there stays. */
export async function write(key: string, value: unknown, { keepFirst = false } = {}): Promise<void> {
  if (!keepFirst) await within("readwrite", (store) => store.put(value, key));
  else
    await within("readwrite", (store) => store.add(value, key)).catch((cause: unknown) => {
      if (!(cause instanceof DOMException) || cause.name !== "ConstraintError") throw cause;
    });
}
