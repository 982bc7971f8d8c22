// Margins that follow the fields: posts the form as "Tính lại" does and takes the tables over.
// The page works without it; nothing is stored by it.
"use strict";
const form = document.getElementById("size-form");
let running = null;
async function recalculate() {
  if (running) running.abort();
  running = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  body.set("recalculate", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: running.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const made = page.getElementById("size-result");
    if (!made) return;
    document.getElementById("size-result").replaceWith(document.adoptNode(made));
    for (const field of form.querySelectorAll("input[name^=n_]")) {
      const other = page.getElementById(field.id);
      if (other && field !== document.activeElement) field.value = other.value;
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}
form.addEventListener("change", (event) => {
  if (event.target.type !== "text" || !event.target.name.endsWith("reason")) recalculate();
});
