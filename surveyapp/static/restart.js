// A tablet goes back to the start for the next person: 20 seconds after the last touch or key.
// Without this, or before that, the button does it.
"use strict";
const QUIET_MILLISECONDS = 20 * 1000;
const start = document.getElementById("restart");
let timer = null;
function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => location.replace(start.href), QUIET_MILLISECONDS);
}
for (const name of ["pointerdown", "keydown", "scroll"]) addEventListener(name, wait, true);
document.getElementById("restarts").hidden = false;
wait();
