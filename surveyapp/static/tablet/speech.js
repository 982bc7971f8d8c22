// Spoken questions: a recording where there is one, otherwise a voice of the device itself.

let playing = null;
let lastNumber = 0;
const heard = new WeakSet();

/** Whether something is being spoken now. */
export function isSpeaking() {
  return playing !== null || (globalThis.speechSynthesis?.speaking ?? false);
}

/** A voice that works on the device: nothing is sent to another host. */
function voiceFor(language) {
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  return voices.find((voice) => voice.localService && voice.lang.toLowerCase().startsWith(language)) ?? null;
}

/** Whether anything can be heard in a language. */
export function canSpeak(language, recordings = {}) {
  return Object.keys(recordings).length > 0 || voiceFor(language) !== null;
}

export function stopSpeaking() {
  lastNumber += 1;
  playing?.pause();
  playing = null;
  globalThis.speechSynthesis?.cancel();
}

/**
 * Speak pieces one after the other: [{key, text, question}]. `blobOf(key)` gives the recording of a
 * piece, or null; without one the device's voice reads the text, if it has one for the language.
 * `question` is the element of a question that the piece reads: to its end, and it counts as heard.
 */
export async function speak(pieces, language, blobOf) {
  stopSpeaking();
  const number = lastNumber;
  for (const { key, text, question } of pieces) {
    const blob = await blobOf(key).catch(() => null);
    if (number !== lastNumber) return;
    const wasHeard = await (blob ? play(blob) : read(text, language));
    if (number !== lastNumber) return;
    if (question && wasHeard) heard.add(question);
  }
}

/** Play a recording; whether it came to its end. */
function play(blob) {
  const address = URL.createObjectURL(blob);
  const audio = new Audio(address);
  playing = audio;
  return new Promise((resolve) => {
    const end = () => {
      URL.revokeObjectURL(address);
      if (playing === audio) playing = null;
      resolve(audio.ended);
    };
    audio.onended = end;
    audio.onerror = end;
    audio.onpause = end;
    audio.play().catch(end);
  });
}

/** Let the device read a text; whether it came to its end. */
function read(text, language) {
  const voice = voiceFor(language);
  if (voice === null) return Promise.resolve(false);
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  return new Promise((resolve) => {
    utterance.onend = () => resolve(true);
    utterance.onerror = () => resolve(false);
    speechSynthesis.speak(utterance);
  });
}

/**
 * In `container`, let the first touch of a row speak its answer and the second choose it.
 * `speakRow(input, text, unheard)` speaks; `unheard` holds the row's question if that was not read to
 * its end, to be spoken first. The keyboard chooses at once and hears what it chose.
 */
export function touchTwice(container, speakRow) {
  container.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row === null) return;
    const input = row.querySelector("input");
    const said = row.querySelector(".text").textContent;
    const question = row.closest("[data-item]") ?? container.querySelector("[data-item]"); // a table has one
    const unheard = heard.has(question) ? [] : [question];
    const isPointer = event.detail > 0;
    if (isPointer && !row.classList.contains("heard") && !input.checked) {
      event.preventDefault();
      for (const other of container.querySelectorAll(".row.heard")) other.classList.remove("heard");
      row.classList.add("heard");
      speakRow(input, said, unheard);
    } else if (!isPointer && event.target === input) {
      speakRow(input, said, unheard);
    }
  }, true);
}
