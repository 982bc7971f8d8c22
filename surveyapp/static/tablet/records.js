// Sealed forms on this tablet, and the ledger: what was counted for each day, never what was said.
import { answered, transact } from "./storage.js";

const COUNTED = ["started", "completed", "broken_off", "received"];

/** The day in Vietnam; nothing finer is ever stored. */
export function today() {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" }).format(Date.now());
}

/** Change the counts of one day in an open transaction. */
async function count(store, device, day, changes) {
  const key = `${device}/${day}`;
  const empty = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  const row = await answered(store("days").get(key))
    ?? { key, device, day, revision: 0, reported: 0, ...empty };
  for (const [name, change] of Object.entries(changes)) row[name] += change;
  await answered(store("days").put({ ...row, revision: row.revision + 1 }));
}

async function openVisits(store) {
  return await answered(store("settings").get("visits")) ?? {};
}

/** Count a visit that begins; a visit that ends with the tablet's power counts as broken off. */
export function startVisit(device) {
  const visit = { id: crypto.randomUUID(), device, day: today() };
  return transact(["settings", "days"], "readwrite", async (store) => {
    const visits = await openVisits(store);
    await answered(store("settings").put({ ...visits, [visit.id]: visit }, "visits"));
    await count(store, device, visit.day, { started: 1 });
    return visit;
  });
}

/** Take a visit off the list of those under way; false if it was counted as broken off before. */
async function closeVisit(store, visit) {
  const { [visit.id]: open, ...others } = await openVisits(store);
  await answered(store("settings").put(others, "visits"));
  return open !== undefined;
}

export function breakOff(visit) {
  return transact(["settings", "days"], "readwrite", async (store) => {
    if (await closeVisit(store, visit)) await count(store, visit.device, visit.day, { broken_off: 1 });
  });
}

/** Count what the last run of the application left under way. */
export function breakOffAll() {
  return transact(["settings", "days"], "readwrite", async (store) => {
    for (const visit of Object.values(await openVisits(store))) {
      await count(store, visit.device, visit.day, { broken_off: 1 });
    }
    await answered(store("settings").put({}, "visits"));
  });
}

/** Keep a sealed form and count the visit as completed: both or neither. */
export function keep(visit, id, body) {
  return transact(["settings", "records", "days"], "readwrite", async (store) => {
    const wasOpen = await closeVisit(store, visit);
    const record = { id, body, device: visit.device, day: visit.day, state: "waiting" };
    await answered(store("records").add(record));
    const changes = wasOpen ? { completed: 1 } : { completed: 1, broken_off: -1 };
    await count(store, visit.device, visit.day, changes);
  });
}

/** Delete a form whose receipt was verified, and count it; once only. */
export function acknowledge(id) {
  return transact(["records", "days"], "readwrite", async (store) => {
    const record = await answered(store("records").get(id));
    if (record === undefined) return;
    await answered(store("records").delete(id));
    await count(store, record.device, record.day, { received: 1 });
  });
}

/**
 * Keep a form that the server refused, with what it said to the pairing's `token`; false, and the
 * form goes on waiting, if the tablet was paired anew meanwhile.
 */
export function setAside(id, token, { code, message }) {
  return transact(["settings", "records", "days"], "readwrite", async (store) => {
    const device = await answered(store("settings").get("device"));
    if (device.token !== token) return false;
    const record = await answered(store("records").get(id));
    if (record === undefined) return true;
    await answered(store("records").put({ ...record, state: "attention", code, message }));
    await count(store, record.device, record.day, {});
    return true;
  });
}

async function letWait(store) {
  for (const { id, body, device, day } of await answered(store("records").getAll())) {
    await answered(store("records").put({ id, body, device, day, state: "waiting" }));
    await count(store, device, day, {});
  }
}

/** Let the forms that were set aside be sent once more. */
export function takeUpAgain() {
  return transact(["records", "days"], "readwrite", letWait);
}

/**
 * Keep a pairing, all of it or nothing: forms that were refused to an earlier one are sent again, as
 * the server may take them now. What it still refuses is set aside again.
 */
export function keepPairing(device, configuration) {
  return transact(["settings", "records", "days"], "readwrite", async (store) => {
    await answered(store("settings").put(device, "device"));
    await answered(store("settings").put(configuration, "configuration"));
    await answered(store("settings").put({ wrong: 0, until: 0 }, "tries"));
    await letWait(store);
  });
}

export function allRecords() {
  return transact(["records"], "readonly", (store) => answered(store("records").getAll()));
}

function withStates(row, records) {
  const own = records.filter((record) => record.device === row.device && record.day === row.day);
  const attention = own.filter((record) => record.state === "attention").length;
  return { ...row, unsent: own.length - attention, attention };
}

/** The ledger, newest day first. */
export function ledger() {
  return transact(["records", "days"], "readonly", async (store) => {
    const records = await answered(store("records").getAll());
    const days = await answered(store("days").getAll());
    return days.map((row) => withStates(row, records)).sort((a, b) => (a.day < b.day ? 1 : -1));
  });
}

/**
 * Note that the server has a day's counts. No day is ever forgotten: a wrong clock would forget the
 * current one, and its counts would begin again beside those that the server has.
 */
export function reported(rows) {
  return transact(["days"], "readwrite", async (store) => {
    for (const { key, revision } of rows) {
      const row = await answered(store("days").get(key));
      await answered(store("days").put({ ...row, reported: revision }));
    }
  });
}
