// One person's visit as a pure state machine: no page, no clock, no storage.
import { firstUnfinished, following, isCode, lastScreen, normalisedCode, preceding, problemsOf, screenOf, shownOn } from "./answers.js";
import { pruned } from "./routing.js";

/** The state between persons: nothing of anybody. */
export function atRest(form) {
  return {
    phase: "idle", language: form.languages[0].code, size: form.sizes[0], strong: false,
    listens: false, helper: null, code: null, screen: null, answers: {}, problems: [],
    fromCheck: false, failed: false,
    slip: null, reason: null,
  };
}

const LOOK = ["language", "size", "strong", "listens"];

const TRANSITIONS = {
  idle: {
    begin: (state) => [{ ...state, phase: "way" }, "started"],
  },
  way: {
    look: withLook,
    next: chosenWay,
    later: (state, _event, _form, survey) => (survey.needs_code ? [state, null]
      : [{ ...state, phase: "later", problems: [] }, "ask later"]),
    back: (state, _event, form) => [atRest(form), "broken off"],
  },
  later: {
    look: withLook,
    given: (state, { slip, reason }) => [state.slip === null ? { ...state, slip, reason } : state, null],
    next: (state, _event, form) => (state.slip === null ? toWay(state) : [atRest(form), "broken off"]),
    back: toWay,
  },
  code: {
    look: withLook,
    next: enteredCode,
    back: (state) => [{ ...state, phase: "way", problems: [] }, null],
  },
  checking: {
    look: withLook,
    checked: checkedCode,
    back: (state) => [{ ...state, phase: "code" }, null],
  },
  asking: {
    look: (state, event) => withLook(withAnswers(state, event), event),
    next: gaveAnswers,
    back: wentBack,
  },
  check: {
    look: withLook,
    change: (state, event) => [
      { ...state, phase: "asking", screen: event.screen, problems: [], fromCheck: true }, null],
    next: sends,
    back: (state, _event, form) => [
      { ...state, phase: "asking", screen: lastScreen(form, state.answers), fromCheck: false }, null],
  },
  storing: {
    stored: (state) => [{ ...state, phase: "thanks", answers: {}, code: null, helper: null }, null],
    failed: (state) => [{ ...state, phase: "check", failed: true }, null],
  },
  thanks: {
    look: withLook,
    next: (_state, _event, form) => [atRest(form), null],
  },
};

/**
 * Return the next state and what has to be done: "started", "ask about code", "store", "ask later",
 * "broken off", or null.
 * `survey` says whether a code from a slip is needed. What does not fit the phase changes nothing.
 */
export function step(state, event, form, survey) {
  if (event.type === "abandon") {
    if (state.phase === "idle" || state.phase === "storing") return [state, null];
    return [atRest(form), state.phase === "thanks" ? null : "broken off"];
  }
  const transition = TRANSITIONS[state.phase][event.type];
  return transition === undefined ? [state, null] : transition(state, event, form, survey);
}

function withLook(state, event) {
  const look = Object.fromEntries(
    LOOK.filter((name) => event[name] !== undefined).map((name) => [name, event[name]]));
  const helper = event.helper === undefined ? state.helper : event.helper;
  return [{ ...state, ...look, helper }, null];
}

function toWay(state) {
  return [{ ...state, phase: "way", slip: null, reason: null }, null];
}

function chosenWay(before, event, form, survey) {
  const [state] = withLook(before, event);
  if (form.helper_item === null && !form.helpers.includes(state.helper)) {
    return [{ ...state, problems: [{ item: "helper", rule: "helper" }] }, null];
  }
  if (survey.needs_code) return [{ ...state, phase: "code", problems: [] }, null];
  return [asksFirst(state, form), null];
}

function asksFirst(state, form) {
  const screen = state.screen ?? following(form, null, state.answers);
  return { ...state, phase: "asking", screen, problems: [] };
}

function enteredCode(state, event) {
  const code = normalisedCode(event.code);
  if (!isCode(code)) return [{ ...state, code, problems: [{ item: "code", rule: "code" }] }, null];
  return [{ ...state, code, phase: "checking", problems: [] }, "ask about code"];
}

/** The server's answer about a code; one that comes after somebody went on or left is not heard. */
function checkedCode(state, { code, refusal }, form) {
  if (code !== state.code) return [state, null];
  if (refusal === null) return [asksFirst(state, form), null];
  return [{ ...state, phase: "code", problems: [{ item: "code", rule: refusal.code, said: refusal.message }] }, null];
}

function withAnswers(state, event) {
  return event.answers === undefined ? state : { ...state, answers: { ...state.answers, ...event.answers } };
}

function gaveAnswers(before, event, form) {
  const state = withAnswers(before, event);
  const items = shownOn(form, screenOf(form, state.screen), state.answers);
  const problems = problemsOf(items, state.answers);
  if (problems.length > 0) return [{ ...state, problems }, null];
  const next = state.fromCheck ? firstUnfinished(form, state.answers)
    : following(form, state.screen, state.answers);
  return [toScreen(state, next), null];
}

function toScreen(state, screen) {
  if (screen === null) return { ...state, phase: "check", screen: null, problems: [], fromCheck: false, failed: false };
  return { ...state, phase: "asking", screen, problems: [] };
}

function wentBack(before, event, form, survey) {
  const entered = withAnswers(before, event);
  const items = shownOn(form, screenOf(form, entered.screen), entered.answers);
  const wrong = new Set(problemsOf(items, entered.answers).map((problem) => problem.item));
  const answers = Object.fromEntries(
    Object.entries(entered.answers).filter(([code]) => !wrong.has(code)));
  const state = { ...entered, answers, problems: [] };
  const earlier = preceding(form, state.screen, answers);
  if (earlier !== null) return [{ ...state, screen: earlier }, null];
  return [{ ...state, phase: survey.needs_code ? "code" : "way" }, null];
}

function sends(state, _event, form) {
  const open = firstUnfinished(form, state.answers);
  if (open !== null) return [{ ...toScreen(state, open), fromCheck: true }, null];
  return [{ ...state, answers: pruned(form, state.answers), phase: "storing" }, "store"];
}
