// Spoken questions: a recording where there is one, otherwise a voice of the device itself.

let playing = null;
let lastNumber = 0;

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
 * Speak pieces one after the other: [{key, text}]. `blobOf(key)` gives the recording of a piece,
 * or null; without one the device's voice reads the text, if it has one for the language.
 */
export async function speak(pieces, language, blobOf) {
  stopSpeaking();
  const number = lastNumber;
  for (const piece of pieces) {
    const blob = await blobOf(piece.key).catch(() => null);
    if (number !== lastNumber) return;
    await (blob ? play(blob) : read(piece.text, language));
    if (number !== lastNumber) return;
  }
}

function play(blob) {
  const address = URL.createObjectURL(blob);
  const audio = new Audio(address);
  playing = audio;
  return new Promise((resolve) => {
    const end = () => {
      URL.revokeObjectURL(address);
      if (playing === audio) playing = null;
      resolve();
    };
    audio.onended = end;
    audio.onerror = end;
    audio.onpause = end;
    audio.play().catch(end);
  });
}

function read(text, language) {
  const voice = voiceFor(language);
  if (voice === null) return Promise.resolve();
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  return new Promise((resolve) => {
    utterance.onend = resolve;
    utterance.onerror = resolve;
    speechSynthesis.speak(utterance);
  });
}

/**
 * In `container`, let the first touch of a row speak its answer and the second choose it.
 * `speakRow(input, text)` speaks; the keyboard chooses at once and hears what it chose.
 */
export function touchTwice(container, speakRow) {
  container.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row === null) return;
    const input = row.querySelector("input");
    const said = row.querySelector(".text").textContent;
    const isPointer = event.detail > 0;
    if (isPointer && !row.classList.contains("heard") && !input.checked) {
      event.preventDefault();
      for (const other of container.querySelectorAll(".row.heard")) other.classList.remove("heard");
      row.classList.add("heard");
      speakRow(input, said);
    } else if (!isPointer && event.target === input) {
      speakRow(input, said);
    }
  }, true);
}
