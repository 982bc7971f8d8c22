// Notices that nobody is there any more: a warning after 120 s, the end 30 s later.

const QUIET_SECONDS = 120;
const WARNING_SECONDS = 30;

/**
 * Watch for touches and keys. `isPaused()` holds the clock (nobody answers, or audio plays);
 * `onWarning(seconds)` is called with the seconds left, null when somebody is there again;
 * `onEnd()` when nobody came. Seconds are counted, so that a clock that jumps ends nothing at once.
 */
export function watchIdle({ isPaused, onWarning, onEnd }) {
  let quiet = 0;
  const stay = () => {
    if (quiet >= QUIET_SECONDS) return; // the warning asks for its own button
    quiet = 0;
  };
  for (const name of ["pointerdown", "keydown", "input"]) addEventListener(name, stay, true);
  setInterval(() => {
    if (isPaused()) {
      if (quiet >= QUIET_SECONDS) onWarning(null);
      quiet = 0;
      return;
    }
    quiet += 1;
    const left = QUIET_SECONDS + WARNING_SECONDS - quiet;
    if (left <= 0) {
      quiet = 0;
      onWarning(null);
      onEnd();
    } else if (left <= WARNING_SECONDS) onWarning(left);
  }, 1000);
  return {
    extend() {
      quiet = 0;
      onWarning(null);
    },
  };
}
