// Runs citizens' visits: joins the state machine with pages, the idle clock, speech and storage.
import { entered } from "./answers.js";
import { refusalOf } from "./codes.js";
import { recording } from "./configuration.js";
import { el, filledIn } from "./elements.js";
import { watchIdle } from "./idle.js";
import { atRest, step } from "./machine.js";
import { askLater } from "./later.js";
import { headerOf, pageOf, textsOf, warningOf } from "./pages.js";
import { tell } from "./queue.js";
import { breakOff, keep, startVisit } from "./records.js";
import { randomText, sealed } from "./seal.js";
import { isSpeaking, speak, stopSpeaking, touchTwice } from "./speech.js";

const DEBOUNCE = 400;
const THANKS_MILLISECONDS = 20 * 1000;

/**
 * Show the start page of `configuration` in `root` and serve one person after the other.
 * `onRest()` is called whenever nobody answers: the moment for updates; it may call `change`.
 */
export function serveVisits(root, first, onRest) {
  let configuration = first;
  let upcoming = first;
  let state = atRest(configuration.form);
  let visit = null;
  let turnedAt = -DEBOUNCE;
  let thanksTimer = null;
  let warning = null;
  const view = { act, read, readAloud, get state() { return state; }, get configuration() { return configuration; } };

  /** What the open page holds, for an event that redraws it. */
  function read() {
    const form = document.getElementById("form");
    if (state.phase !== "asking" || form === null) return {};
    const fields = {};
    for (const [name, value] of new FormData(form)) (fields[name] ??= []).push(value);
    return { fields, items: [...form.querySelectorAll("[data-item]")].map((one) => one.dataset.item) };
  }

  function act(event) {
    const before = state;
    const { fields, items, ...rest } = event;
    const full = fields ? { ...rest, answers: answersOf(fields, items) } : rest;
    const [next, effect] = step(state, full, configuration.form, configuration.survey);
    state = next.phase === "idle" ? renewed(next) : next;
    perform(effect);
    if (state !== before) draw(before);
  }

  /** Between persons what has changed meanwhile is taken up, before anybody can begin. */
  function renewed(resting) {
    if (upcoming === configuration) return resting;
    configuration = upcoming;
    return atRest(configuration.form);
  }

  function answersOf(fields, codes) {
    const items = configuration.form.pages.flatMap((page) => page.items);
    return Object.fromEntries(items.filter((item) => codes.includes(item.code))
      .map((item) => [item.code, entered(item, fields[item.code] ?? [])]));
  }

  function perform(effect) {
    if (effect === "started") {
      visit = startVisit(configuration.device.number);
      visit.catch(() => {}); // a disk that is full shows when the form is stored
      history.pushState(null, "");
    }
    if (effect === "broken off") endVisit();
    if (effect === "ask about code") askAbout(state.code);
    if (effect === "ask later") askLater().then((found) => act({ type: "given", ...found }));
    if (effect === "store") store(state).then(() => act({ type: "stored" }), () => act({ type: "failed" }));
  }

  async function askAbout(code) {
    act({ type: "checked", code, refusal: await refusalOf(code) });
  }

  function endVisit() {
    const ended = visit;
    visit = null;
    ended?.then(breakOff).then(tell, () => {});
  }

  /** Seal the form, then keep it; only then is anything said to have been kept. */
  async function store({ answers, language, helper, code }) {
    const { form, survey, agency, key } = configuration;
    const held = form.helper_item === null ? helper : answers[form.helper_item];
    const members = {
      survey: survey.code, questionnaire: form.code, version: form.version, language, mode: "tablet",
      agency: agency.code, assisted: form.helpers.includes(held) ? held : "", nonce: randomText(24), answers,
      ...(survey.needs_code && { invitation: code }),
    };
    const id = crypto.randomUUID();
    await keep(await visit, id, await sealed(members, id, key));
    visit = null;
    tell();
  }

  function draw(before) {
    stopSpeaking();
    clearTimeout(thanksTimer);
    const page = pageOf(view);
    const isTurn = before.phase !== state.phase || before.screen !== state.screen;
    const focused = isTurn ? null : document.activeElement?.id;
    if (isTurn) turnedAt = performance.now();
    document.documentElement.lang = state.language;
    document.documentElement.className = `t${state.size}${state.strong ? " strong" : ""}`;
    document.title = page.title;
    const main = el("main", { id: "main", tabindex: -1 }, page.content);
    const stamp = configuration.survey.is_practice && el("p", { class: "stamp" }, textsOf(view).words.simulated);
    root.replaceChildren(...[stamp, headerOf(view, page), main].filter(Boolean));
    if (state.listens && state.phase === "asking") {
      touchTwice(main, (input, text, unheard) => say([...unheard.map(asking), { key: input.id, text }]));
      if (isTurn) readAloud();
    }
    focusOn(main, focused, isTurn);
    if (state.phase === "thanks") thanksTimer = setTimeout(() => act({ type: "next" }), THANKS_MILLISECONDS);
    if (state.phase === "idle") rest();
  }

  function focusOn(main, focused, isTurn) {
    const wrong = state.problems.length > 0 && main.querySelector(".summary a");
    const target = wrong || (focused && document.getElementById(focused)) || main;
    target.focus({ preventScroll: !isTurn && !wrong });
    if (isTurn) scrollTo(0, 0);
  }

  function say(pieces) {
    const recordings = configuration.recordings[state.language] ?? {};
    return speak(pieces, state.language,
      async (key) => (recordings[key] ? recording(recordings[key]) : null));
  }

  function asking(question) {
    const code = question.dataset.item;
    const { text, help } = textsOf(view).items[code];
    return { key: code, text: [text, help].filter(Boolean).join(" "), question };
  }

  function readAloud() {
    say([...root.querySelectorAll("[data-item]")].map(asking));
  }

  /** Nobody is there: nothing of the last person is left, and something new may be taken up. */
  function rest() {
    visit = null;
    onRest();
  }

  const idle = watchIdle({
    isPaused: () => state.phase === "idle" || state.phase === "storing" || isSpeaking(),
    onWarning: (seconds) => warn(seconds),
    onEnd: () => act({ type: "abandon" }),
  });

  function warn(seconds) {
    if (seconds === null) {
      warning?.remove();
      warning = null;
      return;
    }
    if (warning === null) {
      warning = warningOf(view, (event) => { event.preventDefault(); idle.extend(); });
      document.body.append(warning);
      warning.showModal();
    }
    warning.querySelector(".seconds").textContent = filledIn(textsOf(view).words.idle_seconds, { seconds });
  }

  // A second tap that comes at once after a page has turned was meant for the page before.
  root.addEventListener("click", (event) => {
    const isTap = event.detail > 0 || event.target.closest("button") !== null;
    if (isTap && performance.now() - turnedAt < DEBOUNCE) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // The back button of the browser goes one question back; between persons it shows nothing.
  addEventListener("popstate", () => {
    if (location.hash !== "") return; // the way to the officials' corner
    history.pushState(null, "");
    if (warning === null) act({ type: "back", ...read() });
  });

  draw(state);
  return {
    isAtRest: () => state.phase === "idle",
    change(next) {
      upcoming = JSON.stringify(next) === JSON.stringify(configuration) ? configuration : next;
      if (state.phase !== "idle" || upcoming === configuration) return;
      state = renewed(state);
      draw(state);
    },
  };
}
