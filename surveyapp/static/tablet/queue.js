// Sends what waits: one sender for all tabs, deletes only after a verified receipt, never gives up.
import { acknowledge, allRecords, ledger, reported, setAside } from "./records.js";
import { sha256 } from "./seal.js";
import { answered, readSetting, transact } from "./storage.js";

const LONGEST_PAUSE = 5 * 60 * 1000;
const FIRST_PAUSE = 5 * 1000;
const PATIENCE = 30 * 1000;
const MOST_DAYS = 62;
const REPORTED = ["day", "revision", "started", "completed", "broken_off", "unsent", "received", "attention"];
const KEPT_FOR_GOOD = [403, 409, 413, 422];
const BUSY = [401, 429]; // said to the tablet, not about this one form: no use in sending the next
export const REVOKED = "COLLECT-045"; // surveyapp/collect/devices.py
const news = new BroadcastChannel("sipas-queue");

/**
 * What to do with a record after a reply {signed, status, body}: "received", "attention", "retry".
 * Only this server's own answer counts, never a page on the way that says 200.
 */
export function judge(reply, digest) {
  if (!reply.signed) return "retry";
  if (reply.status === 200 || reply.status === 201) {
    const isReceipt = reply.body?.ok === true && reply.body.receipt === digest;
    return isReceipt ? "received" : "retry";
  }
  return KEPT_FOR_GOOD.includes(reply.status) ? "attention" : "retry";
}

/** Milliseconds until the next try after some failures in a row; `chance` from 0 to 1 spreads tablets. */
export function pauseAfter(failures, chance) {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 10));
  return longest * (0.5 + chance / 2);
}

/**
 * Keep that the server refuses this tablet for good, until it is paired anew; a refusal of an
 * earlier pairing's token, or of one that somebody tries, changes nothing.
 */
async function keepRevoked(token) {
  const isNews = await transact(["settings"], "readwrite", async (store) => {
    const device = await answered(store("settings").get("device"));
    if (device?.token !== token || device.isRevoked) return false;
    await answered(store("settings").put({ ...device, isRevoked: true }, "device"));
    return true;
  });
  if (isNews) tell();
}

/** Ask this server; `signed` says that it is this server that answered. Throws after `patience` milliseconds. */
export async function ask(method, path, token, body, headers = {}, patience = PATIENCE) {
  const response = await fetch(path, {
    method,
    body,
    headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(patience),
  });
  const text = await response.text();
  let value = null;
  try { value = JSON.parse(text); } catch { /* a web page, or nothing */ }
  const signed = response.headers.get("Sipas") === "1";
  if (signed && response.status === 403 && value?.code === REVOKED) await keepRevoked(token);
  return {
    signed,
    status: response.status,
    body: value,
    etag: response.headers.get("ETag"),
    date: response.headers.get("Date"),
    wait: Number(response.headers.get("Retry-After")) || 0,
  };
}

/** Send one record; return how it went, and for how many seconds the server wants silence. */
async function sendOne(record, token) {
  const digest = await sha256(new TextEncoder().encode(record.body));
  const reply = await ask("PUT", `/api/submissions/${record.id}`, token, record.body);
  let outcome = judge(reply, digest);
  if (outcome === "received") await acknowledge(record.id);
  if (outcome === "attention") {
    const refusal = { code: reply.body?.code ?? "", message: reply.body?.message ?? "" };
    if (!await setAside(record.id, token, refusal)) outcome = "retry";
  }
  const isBusy = outcome === "retry" && (!reply.signed || BUSY.includes(reply.status));
  return { outcome, isBusy, wait: reply.wait };
}

/** Tell the server the days that have changed. */
async function report(device) {
  const rows = (await ledger()).filter((row) => row.device === device.number && row.reported < row.revision);
  if (rows.length === 0) return true;
  const sent = rows.slice(-MOST_DAYS);
  const days = sent.map((row) => Object.fromEntries(REPORTED.map((name) => [name, row[name]])));
  const reply = await ask("POST", "/api/device/ledger", device.token, JSON.stringify({ days }));
  if (!reply.signed || reply.status !== 200) return false;
  await reported(sent);
  return true;
}

/** Send everything that waits, then the ledger; return {done, wait}. */
export async function sendAll() {
  const device = await readSetting("device");
  if (!device) return { done: true, wait: 0 };
  let done = true;
  try {
    for (const record of (await allRecords()).filter((one) => one.state === "waiting")) {
      const { outcome, isBusy, wait } = await sendOne(record, device.token);
      if (outcome === "retry") done = false;
      else tell();
      if (isBusy) return { done: false, wait };
    }
    return { done: await report(device) && done, wait: 0 };
  } catch {
    return { done: false, wait: 0 }; // no connection, or the disk: try again later
  }
}

/** Say in all tabs that something has changed, or that an official wants to send "now". */
export function tell(what = "changed") {
  news.postMessage(what);
  dispatchEvent(new MessageEvent("sipas-queue", { data: what }));
}

/** Call `listener` whenever records or counts have changed, in any tab. */
export function onNews(listener) {
  news.addEventListener("message", listener);
  addEventListener("sipas-queue", listener);
}

/** Wait for a time, or until something has changed if `mayWake`; "online" is a hint, no more. */
function sleep(milliseconds, mayWake) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      removeEventListener("sipas-queue", hear);
      news.removeEventListener("message", hear);
      resolve();
    };
    const hear = (event) => { if (mayWake || event.data === "now") wake(); };
    const timer = setTimeout(wake, milliseconds);
    addEventListener("online", wake);
    onNews(hear);
  });
}

/** Keep sending as long as this tab lives; of several tabs one sends, the next takes over. */
export function keepSending() {
  return navigator.locks.request("sipas-sender", async () => {
    for (let failures = 0; ;) {
      const { done, wait } = await sendAll();
      failures = done ? 0 : failures + 1;
      const pause = done ? LONGEST_PAUSE : Math.max(pauseAfter(failures, Math.random()), wait * 1000);
      await sleep(pause, done);
    }
  });
}
