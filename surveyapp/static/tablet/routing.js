// Which questions a person gets, given the answers so far: the same rules as questionnaires/routing.py.

export const MISSING_CODES = ["dk", "na", "refused", "blank"];

/** The option and missing codes that `value` ticks on `item`; none for a wrong type. */
export function chosenCodes(item, value) {
  if (item.kind === "choices" && Array.isArray(value)) {
    return value.filter((code) => typeof code === "string");
  }
  if (typeof value !== "string") return [];
  return item.kind === "choice" || MISSING_CODES.includes(value) ? [value] : [];
}

/**
 * The items that are shown, in their order; conditions look at earlier items only.
 * Items of the set `undecided` may still get any answer: what depends on a shown one is shown.
 */
export function visibleItems(form, answers, undecided = new Set()) {
  const chosen = new Map();
  const holds = (conditions) => conditions.every(({ item, any_of }) => chosen.has(item)
    && (undecided.has(item) || any_of.some((code) => chosen.get(item).includes(code))));
  const shown = [];
  for (const page of form.pages) {
    if (page.block !== null || !holds(page.show_if)) continue;
    for (const item of page.items) {
      if (!holds(item.show_if)) continue;
      shown.push(item);
      chosen.set(item.code, chosenCodes(item, answers[item.code]));
    }
  }
  return shown;
}

/** The answers without those that stand behind a hidden question. */
export function pruned(form, answers) {
  const shown = new Set(visibleItems(form, answers).map((item) => item.code));
  return Object.fromEntries(Object.entries(answers).filter(([code]) => shown.has(code)));
}
