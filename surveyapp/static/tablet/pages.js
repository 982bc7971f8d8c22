// Citizens' pages as elements: one for each phase of a visit. Words come from the configuration.
import { RULES, placeOf, screenOf, shownOn } from "./answers.js";
import { arrow, el, filledIn, foot, svg } from "./elements.js";
import { canSpeak } from "./speech.js";

/** Stands here, as a tablet that the server refuses gets no words from it any more. */
const CLOSED = {
  vi: "Máy này đã ngừng nhận phiếu. Mời Ông/Bà hỏi cán bộ tại quầy.",
  en: "This tablet no longer takes forms. Please ask the official at the counter.",
};
const NEXT_SIZE = (sizes, size) => sizes[(sizes.indexOf(size) + 1) % sizes.length];

/** The words of the state's language. */
export function textsOf(view) {
  return view.configuration.form.languages.find((one) => one.code === view.state.language);
}

/** Return {title, place, percent, tools, content} of the page that the state asks for. */
export function pageOf(view) {
  return PAGES[view.state.phase](view, textsOf(view));
}

const PAGES = {
  idle: idlePage, way: wayPage, later: laterPage, code: codePage, checking: codePage, asking: askingPage, check: checkPage,
  storing: checkPage, thanks: thanksPage,
};

function purposeOf(texts, ...more) {
  const [first, ...others] = texts.purpose;
  return [el("p", { class: "lead" }, first),
    el("ul", { class: "purpose" }, ...[...others, ...more].map((line) => el("li", {}, line)))];
}

/** The start page of a tablet that was revoked: nobody can begin; its title opens the corner. */
function closedPage({ survey, agency, form }) {
  return {
    title: survey.title,
    content: el("div", { class: "page reading idle" }, el("div", { class: "body" },
      el("h1", { lang: "vi" }, survey.title),
      el("p", { class: "agency", lang: "vi" }, agency.title),
      ...form.languages.map((one) => el("p", { class: "lead", lang: one.code }, CLOSED[one.code])))),
  };
}

function idlePage({ configuration, act }, texts) {
  if (configuration.isRevoked) return closedPage(configuration);
  const { survey, agency, form } = configuration;
  const say = texts.words;
  const names = form.languages.flatMap((one, at) => [at > 0 && " · ", el("span", { lang: one.code }, one.name)]);
  const button = el("button", { class: "next", onclick: () => act({ type: "begin" }) }, say.start, " ", arrow("→"));
  return {
    title: survey.title,
    content: el("div", { class: "page reading idle" },
      el("div", { class: "body" },
        el("h1", { lang: "vi" }, survey.title),
        el("p", { class: "agency", lang: "vi" }, agency.title),
        ...(survey.is_open ? purposeOf(texts, say.kept_here) : [el("p", { class: "lead" }, say.not_open)]),
        survey.is_open && form.languages.length > 1 && el("p", { class: "fine" }, ...names)),
      survey.is_open && foot(button)),
  };
}

/** A form whose button goes on; `read` collects what was entered. */
function formPage(view, { layout, next, withBack = true, read = () => ({}) }, ...content) {
  const { say, act } = { say: textsOf(view).words, act: view.act };
  const onsubmit = (event) => {
    event.preventDefault();
    act({ type: "next", ...read(event.target) });
  };
  const back = withBack && el("button", {
    class: "back", type: "button",
    onclick: (event) => act({ type: "back", ...read(event.target.form) }),
  }, arrow("←"), " ", say.back);
  return el("form", { id: "form", class: `page ${layout}`, novalidate: true, autocomplete: "off", onsubmit },
    el("div", { class: "body" }, ...content),
    foot(back, el("button", { class: "next" }, next ?? say.next, " ", arrow("→"))));
}

function radio(name, value, text, isChosen, onchange = null) {
  return el("label", { class: "row small-row" },
    el("input", { type: "radio", name, value, id: `${name}-${value}`, checked: isChosen, onchange }),
    el("span", { class: "text" }, text), el("span", { class: "frame", "aria-hidden": "true" }));
}

function group(legend, rows, layout = "") {
  return el("fieldset", { class: "item" },
    el("legend", {}, el("span", { class: "ask ask-field" }, legend)),
    el("div", { class: `rows ${layout}` }, ...rows));
}

function wayPage(view, texts) {
  const { state, act } = view;
  const { form } = view.configuration;
  const say = texts.words;
  const look = (change) => () => act({ type: "look", ...change });
  const languages = form.languages.length > 1 && group(say.language, form.languages.map(
    (one) => radio("language", one.code, one.name, one.code === state.language, look({ language: one.code }))), "side");
  const sizes = group(say.size, form.sizes.map(
    (size) => radio("size", size, `${size}%`, size === state.size, look({ size }))), "side");
  const helper = form.helper_item === null && group(say.helper, form.helpers.map(
    (one) => radio("helper", one, say[`helper_${one}`], one === state.helper, look({ helper: one }))), "side");
  const wrong = state.problems.length > 0;
  return {
    title: say.way_title,
    content: formPage(view, { layout: "reading" },
      wrong && summary(say.errors, [["helper-self", say.helper_wanted]]),
      el("h1", {}, say.way_title),
      ...(state.language === form.languages[0].code ? [] : purposeOf(texts, say.kept_here)),
      el("div", { class: "items" }, languages, sizes, listenChoice(view, texts, look), helper),
      !view.configuration.survey.needs_code
        && el("button", { type: "button", class: "link", id: "later", onclick: () => act({ type: "later" }) }, say.later)),
  };
}

/** The code to take home, or that it is being fetched, or why there is none. */
function laterPage(view, texts) {
  const { slip, reason } = view.state;
  const say = texts.words;
  const title = slip !== null ? say.later_title : reason === null ? say.later_wait : say.later_none;
  const shown = slip !== null && [
    el("p", { class: "lead" }, filledIn(say.later_lead, { day: slip.expires_on })),
    el("div", { class: "slip" },
      el("img", { src: slip.picture, alt: say.later_picture }),
      el("div", {}, el("p", {}, filledIn(say.later_type, slip)), el("p", { class: "printed" }, slip.code))),
    el("p", { class: "fine" }, say.later_once)];
  return {
    title,
    content: formPage(view, { layout: "reading", next: slip === null ? say.later_now : say.later_done },
      el("h1", { role: "status" }, title),
      reason !== null && el("p", { class: "lead" }, say[`later_${reason}`]),
      ...(shown || [])),
  };
}

function listenChoice({ state, configuration }, texts, look) {
  const say = texts.words;
  if (!canSpeak(state.language, configuration.recordings[state.language])) {
    return el("p", { class: "fine" }, say.no_voice);
  }
  return el("div", { class: "item" }, el("label", { class: "row small-row" },
    el("input", { type: "checkbox", id: "listens", checked: state.listens, onchange: look({ listens: !state.listens }) }),
    el("span", { class: "text" }, say.listen_mode, el("span", { class: "help" }, say.listen_how)),
    el("span", { class: "frame", "aria-hidden": "true" })));
}

/** The box above a form: its title, and lines of [id of the field, what is wrong there]. */
export function summary(title, lines) {
  const go = (id) => (event) => {
    event.preventDefault();
    document.getElementById(id)?.focus();
  };
  return el("div", { class: "summary", role: "alert" }, el("h2", {}, title),
    el("ul", {}, ...lines.map(([id, text]) => el("li", {}, el("a", { href: `#${id}`, onclick: go(id) }, text)))));
}

/** What is wrong with a code; the server says it in Vietnamese, other languages have their words here. */
function codeError({ code, problems: [{ rule, said }] }, say) {
  if (said) return say[`refused_${rule}`] ?? said;
  return code === "" ? say.code_empty : say.code_wrong;
}

function codePage(view, texts) {
  const say = texts.words;
  const wrong = view.state.problems.length > 0;
  const error = wrong ? codeError(view.state, say) : null;
  const isAsked = view.state.phase === "checking";
  return {
    title: `${wrong ? `${say.error}: ` : ""}${say.code_title}`,
    content: formPage(view, {
      layout: "reading", next: say.enter, read: (form) => ({ code: form.elements.invitation.value }),
    },
    wrong && summary(say.errors, [["invitation", error]]),
    el("h1", {}, say.code_title),
    el("div", { class: wrong ? "item wrong" : "item" },
      el("label", { class: "legend", for: "invitation" }, el("span", { class: "ask ask-field" }, say.code_label)),
      el("p", { class: "help", id: "invitation-hint" }, say.code_hint),
      wrong && el("p", { class: "error", id: "invitation-error" }, error),
      el("input", {
        class: "code", type: "text", id: "invitation", name: "invitation", value: view.state.code ?? "",
        autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
        "aria-describedby": wrong ? "invitation-hint invitation-error" : "invitation-hint",
        "aria-invalid": wrong ? "true" : null,
      })),
    el("p", { class: "fine", role: isAsked && "status" }, isAsked ? say.code_asked : say.code_where)),
  };
}

/** What the fields of a screen hold: item code to the texts that are chosen or typed. */
function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) (fields[name] ??= []).push(value);
  return fields;
}

function askingPage(view, texts) {
  const { state, configuration } = view;
  const say = texts.words;
  const screen = screenOf(configuration.form, state.screen);
  const items = shownOn(configuration.form, screen, state.answers);
  const said = new Map(state.problems.toReversed().map((problem) => [problem.item, errorText(problem, texts, state)]));
  const layout = { 1: "single", 2: "pair" }[items.length] ?? "group";
  const at = placeOf(configuration.form, state.screen, state.answers);
  const place = filledIn(at.total === null ? say.question_so_far : say.question, at);
  const lines = items.filter((item) => said.has(item.code)).map((item) => [
    texts.items[item.code].first,
    items.length > 1 ? `${texts.items[item.code].label}: ${said.get(item.code)}` : said.get(item.code)]);
  const canHear = canSpeak(state.language, configuration.recordings[state.language]);
  return {
    title: `${lines.length > 0 ? `${say.error}: ` : ""}${place} – ${texts.topics[screen.page]}`,
    place,
    percent: screen.percent,
    content: formPage(view, {
      layout, next: state.fromCheck ? say.to_check : say.next,
      read: (form) => ({ fields: fieldsOf(form), items: items.map((item) => item.code) }),
    },
    lines.length > 0 && summary(say.errors, lines),
    el("div", { class: "topic-line" },
      el("h1", { class: "topic" }, texts.topics[screen.page]),
      canHear && el("button", { class: "tool", type: "button", onclick: () => view.readAloud() },
        el("span", { "aria-hidden": "true" }, "▶"), ` ${say.listen}`)),
    el("div", { class: "items" },
      ...items.map((item) => asked(item, texts.items[item.code], state, said.get(item.code), { layout, say })))),
  };
}

/** The sentence of the server's own check for a rule that an answer breaks. */
function errorText({ item, rule }, texts, state) {
  const text = texts.items[item].refusals[rule] ?? texts.items[item].refusals[RULES.type];
  if (typeof text === "string") return text;
  const code = Object.keys(text).find((one) => state.answers[item].includes(one));
  return text[code];
}

function heading(item, text, error, layout) {
  return [el("span", { class: `ask ask-${layout}` }, text.text),
    text.help && el("span", { class: "help" }, text.help),
    text.note && el("span", { class: "help" }, text.note),
    error && el("span", { class: "error", id: `${item.code}-error` }, error)];
}

function asked(item, text, state, error, { layout, say }) {
  const value = state.answers[item.code];
  const chosen = Array.isArray(value) ? value : [value];
  const marks = error ? { "aria-invalid": "true", "aria-describedby": `${item.code}-error` } : {};
  const row = (option, kind, small = false) => el("label", { class: small ? "row small" : "row", for: option.id },
    el("input", {
      type: kind, id: option.id, name: item.code, value: option.value,
      checked: chosen.includes(option.value), ...marks,
    }),
    option.face && svg("svg", { class: `face face-${option.face}`, "aria-hidden": "true" }, svg("use", { href: `#face-${option.face}` })),
    el("span", { class: "text" }, option.text), el("span", { class: "frame", "aria-hidden": "true" }));
  const wrong = error ? "item wrong" : "item";
  const missing = (kind) => text.missing.length > 0
    && el("div", { class: `missing missing-${text.missing.length}` }, ...text.missing.map((option) => row(option, kind, true)));
  if (item.kind === "choice" || item.kind === "choices") {
    const kind = item.kind === "choices" ? "checkbox" : "radio";
    return el("fieldset", { class: wrong, "data-item": item.code },
      el("legend", {}, ...heading(item, text, error, layout)),
      el("div", { class: "rows" }, ...text.options.map((option) => row(option, kind)), missing(kind)));
  }
  const typed = chosen.find((one) => one !== null && one !== undefined && !item.missing.includes(one)) ?? "";
  const field = item.kind === "text"
    ? el("textarea", { id: item.code, name: item.code, rows: text.rows, autocomplete: "off", ...marks }, String(typed))
    : el("input", { class: "number", type: "text", inputmode: "numeric", autocomplete: "off", id: item.code, name: item.code, value: String(typed), ...marks });
  return el("div", { class: wrong, "data-item": item.code },
    el("label", { class: "legend", for: item.code, id: `${item.code}-label` }, ...heading(item, text, error, layout)),
    el("div", { class: "rows", ...(text.missing.length > 0 && { role: "group", "aria-labelledby": `${item.code}-label` }) },
      field, text.missing.length > 0 && el("p", { class: "or" }, say.or_choose), missing("checkbox")));
}

function checkPage(view, texts) {
  const { state, configuration, act } = view;
  const say = texts.words;
  const rows = configuration.form.screens.flatMap((screen) => shownOn(configuration.form, screen, state.answers)
    .map((item) => answerRow(item, texts.items[item.code], state.answers[item.code], say,
      () => act({ type: "change", screen: screen.key }))));
  return {
    title: say.check_title,
    place: say.check_title,
    percent: 100,
    content: formPage(view, { layout: "reading", next: say.submit },
      state.failed && el("div", { class: "summary", role: "alert" },
        el("h2", {}, say.not_kept_title), el("p", {}, say.not_kept)),
      el("h1", {}, say.check_title),
      el("p", { class: "lead" }, say.check_lead),
      el("dl", { class: "answers" }, ...rows)),
  };
}

function answerRow(item, text, value, say, change) {
  const words = new Map([...text.options, ...text.missing].map((option) => [option.value, option.text]));
  const values = value === null || value === undefined ? [] : [value].flat();
  const answer = values.map((one) => el("span", {}, words.get(one) ?? String(one)));
  return el("div", { class: "answer" }, el("dt", {}, text.label),
    el("dd", {}, ...(answer.length > 0 ? answer : [el("span", { class: "none" }, say.no_answer)])),
    el("dd", { class: "change" }, el("button", { type: "button", class: "link", onclick: change },
      say.change, el("span", { class: "unseen" }, ` ${text.label}`))));
}

function thanksPage({ act }, texts) {
  const say = texts.words;
  return {
    title: say.thanks_title,
    content: el("div", { class: "page reading" },
      el("div", { class: "body" },
        svg("svg", { class: "done", viewBox: "0 0 48 48", "aria-hidden": "true" },
          svg("circle", { cx: 24, cy: 24, r: 22, fill: "none", stroke: "currentColor", "stroke-width": 3 }),
          svg("path", { d: "M14 25l7 7 14-15", fill: "none", stroke: "currentColor", "stroke-width": 4, "stroke-linecap": "round" })),
        el("h1", {}, say.thanks_title),
        el("p", { class: "lead" }, say.sent_lead),
        el("p", {}, say.thanks_no_name),
        el("p", { class: "fine" }, say.next_soon)),
      foot(el("button", { class: "next", onclick: () => act({ type: "next" }) }, say.next_person, " ", arrow("→")))),
  };
}

/** The header: where one is, and the tools for language, size and contrast. */
export function headerOf(view, page) {
  const { state, configuration, act } = view;
  const { form, survey } = configuration;
  const texts = textsOf(view);
  const say = texts.words;
  const look = (change) => () => act({ type: "look", ...view.read(), ...change });
  const larger = NEXT_SIZE(form.sizes, state.size);
  const buttons = () => [
    ...form.languages.filter((one) => one.code !== state.language).map((one) => el("button", {
      type: "button", class: "tool", lang: one.code, onclick: look({ language: one.code }) }, one.name)),
    el("button", { type: "button", class: "tool", "aria-label": filledIn(say.larger, { size: state.size }), onclick: look({ size: larger }) },
      el("span", { class: "small-a", "aria-hidden": "true" }, "A"), " ", el("span", { class: "large-a", "aria-hidden": "true" }, "A")),
    el("button", { type: "button", class: "tool", "aria-pressed": String(state.strong), onclick: look({ strong: !state.strong }) },
      el("span", { "aria-hidden": "true" }, "◐"), ` ${say.contrast}`)];
  const hasTools = !["idle", "storing"].includes(state.phase);
  return el("header", { class: "bar" }, el("div", { class: "bar-inner" },
    page.place ? el("p", { class: "place" }, page.place) : state.phase !== "idle" && el("p", { class: "survey", lang: "vi" }, survey.title),
    page.place && el("progress", { max: 100, value: page.percent, "aria-label": page.place }),
    hasTools && el("div", { class: "tools wide" }, ...buttons()),
    hasTools && el("details", { class: "narrow" },
      el("summary", { class: "tool", "aria-label": say.tools }, el("span", { "aria-hidden": "true" }, "Aa")),
      el("div", { class: "tools" }, ...buttons()))));
}

/** The warning before answers are discarded. */
export function warningOf(view, extend) {
  const say = textsOf(view).words;
  return el("dialog", { class: "warning", role: "alertdialog", "aria-labelledby": "idle-title", "aria-describedby": "idle-lead", oncancel: extend },
    el("h2", { id: "idle-title" }, say.idle_title),
    el("p", { id: "idle-lead" }, say.idle_lead),
    el("p", { class: "seconds", "aria-hidden": "true" }),
    el("button", { class: "next", type: "button", autofocus: true, onclick: extend }, say.idle_go_on));
}
