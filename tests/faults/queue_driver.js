// Lets a test run the tablet's own modules step by step; served beside them under one address.
import { fetchConfiguration } from "./configuration.js";
import { shownOn, screenOf } from "./answers.js";
import { atRest, step } from "./machine.js";
import { sendAll } from "./queue.js";
import { allRecords, breakOff, breakOffAll, keep, keepPairing, ledger, startVisit, takeUpAgain } from "./records.js";
import { randomText, sealed } from "./seal.js";
import { readSetting } from "./storage.js";

let configuration = null;
let state = null;
let visit = null;
let sending = null;

function act(event) {
  const [next, effect] = step(state, event, configuration.form, configuration.survey);
  state = next;
  return effect;
}

async function pair(token) {
  const { value } = await fetchConfiguration(token);
  await keepPairing({ token, number: value.device.number }, { etag: null, value });
}

/** What the application does when it starts: the last run's visit was broken off. */
async function open() {
  configuration = (await readSetting("configuration")).value;
  state = atRest(configuration.form);
  await breakOffAll();
}

async function begin() {
  if (act({ type: "begin" }) === "started") visit = await startVisit(configuration.device.number);
}

function answersTo(mark) {
  const items = shownOn(configuration.form, screenOf(configuration.form, state.screen), state.answers);
  const given = { choice: (item) => item.options[3], text: () => mark, number: () => 2 };
  return Object.fromEntries(items.map((item) => [item.code, given[item.kind](item)]));
}

/** Answer everything, with words that are found again; return the id of the sealed form. */
async function finish(mark) {
  act({ type: "next", helper: "self" });
  while (state.phase === "asking") act({ type: "next", answers: answersTo(mark) });
  if (act({ type: "next" }) !== "store") throw new Error(`in phase ${state.phase}`);
  const { survey, form, agency, key } = configuration;
  const members = {
    survey: survey.code, questionnaire: form.code, version: form.version, language: state.language,
    mode: "tablet", agency: agency.code, assisted: state.helper, nonce: randomText(24), answers: state.answers,
  };
  const id = crypto.randomUUID();
  await keep(visit, id, await sealed(members, id, key));
  visit = null;
  act({ type: "stored" });
  act({ type: "next" });
  return id;
}

async function leave() {
  if (act({ type: "abandon" }) === "broken off") await breakOff(visit);
  visit = null;
}

/** Everything that lies on the tablet. */
async function everything() {
  const database = await new Promise((resolve) => {
    indexedDB.open("sipas-tablet").onsuccess = (event) => resolve(event.target.result);
  });
  const stores = await Promise.all([...database.objectStoreNames].map((name) => new Promise((resolve) => {
    database.transaction(name).objectStore(name).getAll().onsuccess = (event) => resolve(event.target.result);
  })));
  database.close();
  const cached = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) cached.push(request.url, await (await cache.match(request)).text());
  }
  return {
    records: (await allRecords()).map(({ id, state: as }) => ({ id, state: as })),
    days: await ledger(),
    visits: Object.keys(await readSetting("visits") ?? {}).length,
    text: JSON.stringify([stores, cached, { ...localStorage }, { ...sessionStorage }, history.state,
      location.href, document.cookie, document.documentElement.outerHTML, state.answers]),
  };
}

globalThis.tablet = {
  pair, open, begin, finish, leave, everything, takeUpAgain, send: sendAll,
  startSending() { sending = sendAll(); },
  sent: () => sending,
};
