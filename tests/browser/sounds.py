"""A recording as a WAV file, and a way to see what a page really plays."""

import io
import math
import wave

RATE = 8000
#: Notes every sound of a page; the sounds themselves stay those of the browser.
NOTE_SOUNDS = """
  globalThis.sounds = [];
  const Real = globalThis.Audio;
  globalThis.Audio = function (address) {
    const made = new Real(address);
    globalThis.sounds.push(made);
    return made;
  };
"""
#: True while the newest sound is heard.
IS_HEARD = "sounds.length > 0 && !sounds.at(-1).paused && sounds.at(-1).currentTime > 0"


def tone(seconds: float) -> bytes:
    """Return a low, soft tone as a WAV file."""
    samples = (128 + round(20 * math.sin(i / 6)) for i in range(round(RATE * seconds)))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes(bytes(samples))
    return file.getvalue()
