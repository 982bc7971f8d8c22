// What a page of questions can only do with a script: a second tap does nothing, and reading aloud.
import { canSpeak, speak, stopSpeaking, touchTwice } from "./tablet/speech.js";

const DEBOUNCE = 400;
const KEPT = "sipas-listens";
const form = document.getElementById("form");
const bar = document.getElementById("listen-bar");
let shownAt = performance.now();
let isSent = false;

// A trembling finger taps twice: the second tap must not land on the page that has just come.
document.addEventListener("click", (event) => {
  const isTap = event.detail > 0 && event.target.closest(".row, button, .back, .next");
  if (isTap && performance.now() - shownAt < DEBOUNCE) event.preventDefault();
}, true);
form.addEventListener("submit", (event) => {
  if (isSent) event.preventDefault();
  isSent = true;
  stopSpeaking();
});
addEventListener("pagehide", stopSpeaking);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  shownAt = performance.now();
  isSent = false;
});

if (bar !== null) offerListening();

function offerListening() {
  const recordings = JSON.parse(bar.dataset.recordings);
  const language = document.documentElement.lang;
  const choice = document.getElementById("listens");
  const again = document.getElementById("listen-again");
  let isWired = false;

  const recording = async (key) => {
    if (!(key in recordings)) return null;
    const answer = await fetch(`/tablet/audio/${recordings[key]}`);
    return answer.ok ? answer.blob() : null;
  };
  const say = (pieces) => speak(pieces, language, recording);
  const asking = (question) => ({
    key: question.dataset.item,
    text: [...question.querySelectorAll(".ask, .help")].map((part) => part.textContent).join(" "),
    question,
  });
  const sayQuestions = () => say([...form.querySelectorAll("[data-item]")].map(asking));

  function turn(isOn) {
    choice.setAttribute("aria-pressed", String(isOn));
    again.hidden = !isOn;
    document.getElementById("listen-how").hidden = !isOn;
    if (isOn) sessionStorage.setItem(KEPT, "1");
    else sessionStorage.removeItem(KEPT);
    if (!isOn) {
      stopSpeaking();
      location.reload(); // takes the way of two touches out again; nothing was chosen by hearing
    } else if (!isWired) {
      isWired = true;
      touchTwice(form, (input, text, unheard) =>
        say([...unheard.map(asking), { key: input.id.replace(/--\d+/, ""), text }]));
    }
  }

  function show() {
    if (!bar.hidden || !canSpeak(language, recordings)) return;
    bar.hidden = false;
    if (sessionStorage.getItem(KEPT) === "1") {
      turn(true);
      sayQuestions();
    }
  }

  choice.addEventListener("click", () => {
    const isOn = choice.getAttribute("aria-pressed") !== "true";
    turn(isOn);
    if (isOn) sayQuestions();
  });
  again.addEventListener("click", sayQuestions);
  globalThis.speechSynthesis?.addEventListener?.("voiceschanged", show); // voices come late
  show();
}
