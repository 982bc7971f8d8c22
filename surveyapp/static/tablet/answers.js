// Screens of a form and their answers: what was entered, what is wrong, which screen comes next.
import { MISSING_CODES, pruned, visibleItems } from "./routing.js";

/** Codes of the server's rules (questionnaires/answer_problems.py). */
export const RULES = {
  unknown: "ANSWER-003", required: "ANSWER-005", tooLong: "ANSWER-007", limits: "ANSWER-008",
  type: "ANSWER-009", exclusive: "ANSWER-010", tooMany: "ANSWER-011", characters: "ANSWER-013",
};
const BAD_CHARACTERS = /(?![\t\r\n])[\p{Cc}\p{Cs}]/u;

/** The value of an item from what its fields hold; null where nothing was entered. */
export function entered(item, fields) {
  const values = fields.map((text) => text.replaceAll("\r\n", "\n").normalize("NFC").trim());
  const given = values.filter((value) => value !== "");
  if (given.length === 0) return null;
  if (item.kind === "choices") {
    return given.length === 1 && item.missing.includes(given[0]) ? given[0] : given;
  }
  return item.kind === "number" ? enteredNumber(given) : given[0];
}

function enteredNumber(given) {
  if (given.length > 1) return given; // a number and "I do not know" at once
  const plain = given[0].normalize("NFKC").replaceAll(" ", "");
  return /^[0-9]{1,15}$/.test(plain) ? Number(plain) : given[0];
}

function isEmpty(item, value) {
  if (value === null || value === undefined) return true;
  if (item.kind === "text") return typeof value === "string" && value.trim() === "";
  return item.kind === "choices" && Array.isArray(value) && value.length === 0;
}

const CHECKS = {
  choice: (item, value) => [...item.options, ...item.missing].includes(value) ? [] : [RULES.unknown],
  choices: checkChoices,
  number: checkNumber,
  text: checkText,
};

function checkChoices(item, value) {
  if (!Array.isArray(value)) return item.missing.includes(value) ? [] : [RULES.type];
  const alone = [...MISSING_CODES.filter((code) => value.includes(code)),
    ...item.exclusive.filter((code) => value.includes(code) && value.length > 1)];
  const found = alone.map(() => RULES.exclusive);
  if (item.max_choices !== null && value.length > item.max_choices) found.push(RULES.tooMany);
  return found;
}

function checkNumber(item, value) {
  if (item.missing.includes(value)) return [];
  if (!Number.isInteger(value)) return [RULES.type];
  const lowest = item.minimum ?? Number.MIN_SAFE_INTEGER;
  const highest = item.maximum ?? Number.MAX_SAFE_INTEGER;
  return lowest <= value && value <= highest ? [] : [RULES.limits];
}

function checkText(item, value) {
  const found = BAD_CHARACTERS.test(value) ? [RULES.characters] : [];
  const length = [...value.normalize("NFC")].length;
  if (item.max_length !== null && length > item.max_length) found.push(RULES.tooLong);
  return found;
}

/** What is wrong with the answers to some items: [{item, rule}] in the order of the items. */
export function problemsOf(items, answers) {
  return items.flatMap((item) => {
    const value = answers[item.code];
    const rules = isEmpty(item, value) ? (item.required ? [RULES.required] : [])
      : CHECKS[item.kind](item, value);
    return rules.map((rule) => ({ item: item.code, rule }));
  });
}

/** The items of a screen that are asked after the answers so far. */
export function shownOn(form, screen, answers) {
  return visibleItems(form, answers).filter((item) => screen.items.includes(item.code));
}

/**
 * Which question of this way a screen asks, and how many there are, null while an answer to come
 * may change that: {number, total} (surveyapp/collect/screens.py, counted).
 */
export function placeOf(form, key, answers) {
  const here = form.screens.findIndex((screen) => screen.key === key);
  const later = form.screens.slice(here).flatMap((screen) => screen.items);
  const undecided = new Set(later.filter((code) => (answers[code] ?? null) === null));
  const numbers = (items) => {
    const asked = items.map((item) => item.code);
    return [...new Set(form.screens
      .filter((screen) => screen.items.some((code) => asked.includes(code)))
      .map((screen) => screen.number))];
  };
  const possible = numbers(visibleItems(form, answers, undecided));
  const isCertain = numbers(visibleItems(form, answers)).length === possible.length;
  return { number: possible.indexOf(form.screens[here].number) + 1, total: isCertain ? possible.length : null };
}

/** The next screen from `start` in steps of `by` that asks something; null if there is none. */
function nearest(form, start, by, answers) {
  for (let place = start + by; form.screens[place] !== undefined; place += by) {
    if (shownOn(form, form.screens[place], answers).length > 0) return form.screens[place].key;
  }
  return null;
}

export function screenOf(form, key) {
  return form.screens.find((screen) => screen.key === key);
}

export function following(form, key, answers) {
  return nearest(form, form.screens.findIndex((screen) => screen.key === key), 1, answers);
}

export function preceding(form, key, answers) {
  return nearest(form, form.screens.findIndex((screen) => screen.key === key), -1, answers);
}

export function lastScreen(form, answers) {
  return nearest(form, form.screens.length, -1, answers);
}

/** The first screen whose answers are missing or wrong; null if all is done. */
export function firstUnfinished(form, answers) {
  const kept = pruned(form, answers);
  const open = form.screens.find(
    (screen) => problemsOf(shownOn(form, screen, kept), kept).length > 0);
  return open?.key ?? null;
}

/** The normal form of a code as typed or pasted (surveyapp/codes.py). */
export function normalisedCode(typed) {
  const plain = typed.slice(0, 200).normalize("NFKC").toUpperCase();
  return plain.replace(/[^0-9A-Z]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}

const CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Whether a code has the form of a code (surveyapp/codes.py); the server knows whether it is one. */
export function isCode(code) {
  if (!/^[0-9A-HJKMNP-TV-Z]{26}([0-9A-HJKMNP-TV-Z]{2})?$/.test(code)) return false;
  const valueOf = (letters) =>
    [...letters].reduce((value, one) => (value * 32 + CODE_LETTERS.indexOf(one)) % 1021, 0);
  const check = [...code.slice(26)].reduce((value, one) => value * 32 + CODE_LETTERS.indexOf(one), 0);
  return code.length === 26 || check === valueOf(code.slice(0, 26));
}
