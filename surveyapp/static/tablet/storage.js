// What must survive a restart of the tablet, in IndexedDB: settings, sealed records, days.

const DATABASE_NAME = "sipas-tablet";
let opened = null;

function openDatabase() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE_NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("settings");
      request.result.createObjectStore("records", { keyPath: "id" });
      request.result.createObjectStore("days", { keyPath: "key" });
    };
    request.onsuccess = () => {
      request.result.onclose = () => { opened = null; };
      request.result.onversionchange = () => { request.result.close(); opened = null; };
      resolve(request.result);
    };
    request.onerror = () => { opened = null; reject(request.error); };
  });
  return opened;
}

/** Wait for one request of a transaction. */
export function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Do `work(store)` in one transaction: all of it is on the disk on return, or none of it. */
export async function transact(names, mode, work) {
  const transaction = (await openDatabase()).transaction(names, mode, { durability: "strict" });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new Error("transaction aborted"));
  });
  try {
    const value = await work((name) => transaction.objectStore(name));
    await done;
    return value;
  } catch (error) {
    done.catch(() => {});
    try { transaction.abort(); } catch { /* it has ended by itself */ }
    throw error;
  }
}

export function readSetting(name) {
  return transact(["settings"], "readonly", (store) => answered(store("settings").get(name)));
}

export function writeSetting(name, value) {
  return transact(["settings"], "readwrite", (store) => answered(store("settings").put(value, name)));
}
