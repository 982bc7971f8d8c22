// Keeps the application for use without a connection; VERSION is written before this by the server.
"use strict";
const CACHE = `sipas-${VERSION}`;
const KEPT = ["sipas-audio", CACHE];
const FILES = ["/tablet/", "/tablet/app.js", "/tablet/style.css", "/tablet/manifest.webmanifest", "/tablet/icon.svg"];

/** Whether an answer is this server's own, not a page of whoever runs the network on the way. */
function isOurs(response) {
  return response.ok && !response.redirected && response.headers.get("Sipas") === "1";
}

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(FILES.map(async (path) => {
    const response = await fetch(path, { cache: "no-store", credentials: "omit" });
    if (!isOurs(response)) throw new Error(`not this server's answer: ${path}`);
    await cache.put(path, response);
  }));
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith("sipas-") && !KEPT.includes(name)) await caches.delete(name);
  }
  await clients.claim();
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  const response = await fetch(request);
  if (isOurs(response)) await cache.put(path, response.clone());
  return response;
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (FILES.includes(pathname)) event.respondWith(answer(pathname, event.request));
});
