// A code in the address after # goes into the field and out of the address; nothing is sent.
"use strict";
const field = document.getElementById("invitation");
const code = decodeURIComponent(location.hash.slice(1));
if (field && !field.value && /^[0-9A-Za-z-]{10,60}$/.test(code)) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
}
