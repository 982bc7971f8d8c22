// Starts the tablet: pairing if it is new, then visits; keeps sending, and updates between persons.
import { currentConfiguration, keepRecordings, refreshConfiguration } from "./configuration.js";
import { openCorner, pairTablet } from "./official.js";
import { keepSending, onNews } from "./queue.js";
import { breakOffAll } from "./records.js";
import { readSetting } from "./storage.js";
import { serveVisits } from "./visit.js";

const CORNER = "#can-bo";
const HOLD_MILLISECONDS = 3000;
const REFRESH_MILLISECONDS = 15 * 60 * 1000;
const root = document.getElementById("app");
let visits = null;
let isWithOfficial = false;
let checkedAt = -REFRESH_MILLISECONDS;
let isOutdated = false;

/** Register the service worker, again if it was removed; a new one is used between persons. */
async function keepWorker() {
  const registration = await navigator.serviceWorker.register("/tablet/worker.js", { scope: "/tablet/", updateViaCache: "none" });
  registration.waiting?.postMessage("take over");
  return registration;
}

function isAtRest() {
  return !isWithOfficial && (visits === null || visits.isAtRest());
}

/** Show what is kept now, between persons: also that this tablet was revoked; not over an official's page. */
async function takeUp() {
  const current = await currentConfiguration();
  if (!isWithOfficial) visits?.change(current); // the page is loaded anew when the official leaves
  return current;
}

/** Nobody answers: take up a new version, and now and then ask for one. */
async function atLeisure() {
  if (isOutdated) return location.reload();
  try {
    const registration = await keepWorker();
    if (performance.now() - checkedAt < REFRESH_MILLISECONDS) return;
    checkedAt = performance.now();
    await refreshConfiguration();
    await keepRecordings(await takeUp());
    await registration.update();
  } catch { /* no connection: what is here goes on working */ }
}

/** Open pairing or the corner, then go back to the start page. */
async function withOfficial(work) {
  isWithOfficial = true;
  await work();
  history.replaceState(null, "", "/tablet/");
  location.reload();
}

async function pair(typed) {
  await pairTablet(root, typed);
  await keepWorker();
}

async function corner() {
  if (await openCorner(root) === "pair") await pair("");
}

function openCornerByHand() {
  if (isAtRest()) withOfficial(corner);
}

/** Officials open their corner by its address, or by holding the title for three seconds. */
function watchForOfficials() {
  addEventListener("hashchange", () => {
    if (location.hash !== CORNER) return;
    if (isAtRest()) openCornerByHand();
    else history.replaceState(null, "", "/tablet/"); // so that the same address, typed again, is heard
  });
  let held = null;
  root.addEventListener("pointerdown", (event) => {
    clearTimeout(held);
    if (event.target.closest(".idle h1")) held = setTimeout(openCornerByHand, HOLD_MILLISECONDS);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    root.addEventListener(name, () => clearTimeout(held));
  }
  root.addEventListener("contextmenu", (event) => event.preventDefault());
}

async function start() {
  const device = globalThis.isSecureContext ? await readSetting("device") : null;
  const typed = /^#[0-9A-Za-z-]{10,60}$/.test(location.hash) ? location.hash.slice(1) : "";
  if (!device) {
    history.replaceState(null, "", "/tablet/");
    await withOfficial(() => pair(typed));
    return;
  }
  keepSending();
  if (location.hash === CORNER) {
    await withOfficial(corner);
    return;
  }
  history.replaceState(null, "", "/tablet/");
  await breakOffAll();
  watchForOfficials();
  visits = serveVisits(root, await currentConfiguration(), atLeisure);
  onNews(takeUp);
  setInterval(() => { if (isAtRest()) atLeisure(); }, REFRESH_MILLISECONDS);
  let hasWorker = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    isOutdated = hasWorker; // the first worker brings no new version
    hasWorker = true;
    if (isOutdated && isAtRest()) location.reload();
  });
}

start();
