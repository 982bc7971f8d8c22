// Margins that follow the fields: posts the form as "Tính lại" does and takes the tables over.
// The page works without it; nothing is stored by it.
"use strict";
const form = document.getElementById("size-form");
let asked = 0;
async function recalculate() {
  const mine = ++asked;
  document.getElementById("size-result").setAttribute("aria-busy", "true");
  const body = new URLSearchParams(new FormData(form));
  body.set("recalculate", "1");
  let page;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    page = null;
  }
  if (mine !== asked) return; // the fields have changed since: a later answer counts
  const here = document.getElementById("size-result");
  const made = page && page.getElementById("size-result");
  if (!made) {
    // signed out, or no connection: figures that no longer belong to the fields must not stay
    here.removeAttribute("aria-busy");
    here.textContent = "Chưa tính lại được. Bấm «Tính lại», hoặc tải lại trang.";
    return;
  }
  here.replaceWith(document.adoptNode(made));
  for (const field of form.querySelectorAll("input[name^=n_]")) {
    const other = page.getElementById(field.id);
    if (other && field !== document.activeElement) field.value = other.value;
  }
}
form.addEventListener("change", (event) => {
  if (event.target.type !== "text" || !event.target.name.endsWith("reason")) recalculate();
});
