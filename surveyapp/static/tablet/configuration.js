// What the server tells this tablet to ask; changed between persons only.
import { ask } from "./queue.js";
import { readSetting, writeSetting } from "./storage.js";

const RECORDINGS = "sipas-audio";

/** Fetch the configuration for a token; {status, value, etag, skew}, or throws without a server. */
export async function fetchConfiguration(token, etag = null) {
  const reply = await ask("GET", "/api/device/configuration", token, undefined, etag ? { "If-None-Match": etag } : {});
  if (!reply.signed) throw new Error("another page answered");
  const skew = reply.date === null ? null : Math.round((Date.now() - Date.parse(reply.date)) / 1000);
  return { status: reply.status, value: reply.body, etag: reply.etag, skew };
}

export function storedConfiguration() {
  return readSetting("configuration");
}

/** What is kept of the configuration, and whether the server refuses this tablet: for the pages. */
export async function currentConfiguration() {
  const [stored, device] = [await storedConfiguration(), await readSetting("device")];
  return { ...stored.value, isRevoked: device.isRevoked === true };
}

/** Ask whether the configuration has changed, and keep the new one; the old one stays on any fault. */
export async function refreshConfiguration() {
  const [device, stored] = [await readSetting("device"), await storedConfiguration()];
  if (!device) return;
  const { status, value, etag } = await fetchConfiguration(device.token, stored?.etag);
  if (status === 200 && value?.form) await writeSetting("configuration", { etag, value });
}

/** The path of a recording below this application. */
export function recordingPath(address) {
  return `/tablet/audio/${address}`;
}

/** Keep the recordings of the configuration for use without a connection; forget all others. */
export async function keepRecordings(configuration) {
  const wanted = Object.values(configuration.recordings).flatMap(Object.values).map(recordingPath);
  const cache = await caches.open(RECORDINGS);
  const kept = new Set();
  for (const request of await cache.keys()) {
    const path = decodeURI(new URL(request.url).pathname);
    if (wanted.includes(path)) kept.add(path);
    else await cache.delete(request);
  }
  for (const path of wanted.filter((one) => !kept.has(one))) {
    const response = await fetch(path, { credentials: "omit", redirect: "error" });
    if (response.ok && response.headers.get("Sipas") === "1") await cache.put(path, response);
  }
}

/** A kept recording as a blob; null if it is not there. */
export async function recording(address) {
  const cache = await caches.open(RECORDINGS);
  return (await (await cache.match(recordingPath(address)))?.blob()) ?? null;
}
