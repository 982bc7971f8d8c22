// For officials, in Vietnamese: pairing, and the corner behind the tablet's short code.
import { fetchConfiguration, refreshConfiguration } from "./configuration.js";
import { el, foot } from "./elements.js";
import { summary } from "./pages.js";
import { onNews, tell } from "./queue.js";
import { allRecords, keepPairing, ledger, takeUpAgain } from "./records.js";
import { fromBase64url, randomText, toBase64url } from "./seal.js";
import { readSetting, writeSetting } from "./storage.js";

const ROUNDS = 200_000;
const MOST_TRIES = 5;
// Enough for one survey; the sums above the table are over all days.
const DAYS_SHOWN = 60;
const LOCK_MILLISECONDS = 5 * 60 * 1000;
const MOST_SKEW_SECONDS = 5 * 60;
const UNITS = [["ngày", 86_400], ["giờ", 3_600], ["phút", 60]];
const REFUSALS = { 401: "Máy chủ không biết mã này. Xem lại từng nhóm chữ, số.", 403: "Mã này đã bị thu hồi. Lấy mã mới ở trang «Máy tại quầy»." };
const BROKEN_ADDRESS = "Chưa gặp được máy chủ. Kiểm tra mạng của máy rồi bấm lại.";

async function pinHash(pin, salt) {
  const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: fromBase64url(salt), iterations: ROUNDS };
  return toBase64url(new Uint8Array(await crypto.subtle.deriveBits(parameters, material, 256)));
}

function show(root, title, ...content) {
  document.documentElement.lang = "vi";
  document.documentElement.className = "t100";
  document.title = title;
  const main = el("main", { id: "main", tabindex: -1 }, ...content);
  root.replaceChildren(el("header", { class: "bar" }, el("div", { class: "bar-inner" },
    el("p", { class: "survey" }, "Dành cho cán bộ"))), main);
  (main.querySelector(".summary a, [autofocus]") ?? main).focus();
}

function field(name, label, hint, attributes = {}) {
  return el("div", { class: "item" },
    el("label", { class: "legend", for: name }, el("span", { class: "ask ask-field" }, label)),
    el("p", { class: "help", id: `${name}-hint` }, hint),
    el("input", { class: "code", type: "text", id: name, name, autocomplete: "off", spellcheck: "false", "aria-describedby": `${name}-hint`, ...attributes }));
}

/** Lets whoever types look at a short code that the page hides. */
function showButton(id) {
  const onclick = ({ currentTarget }) => {
    const input = document.getElementById(id);
    const isShown = input.type === "password";
    input.type = isShown ? "text" : "password";
    currentTarget.setAttribute("aria-pressed", String(isShown));
    currentTarget.textContent = isShown ? "✓ Hiện mã ngắn" : "Hiện mã ngắn";
  };
  return el("button", { class: "link show", type: "button", "aria-pressed": "false", onclick }, "Hiện mã ngắn");
}

function problems(lines) {
  return lines.length > 0 && summary("Chưa được", lines);
}

function facts(rows) {
  return el("dl", { class: "answers facts" }, ...rows.map(([name, value, isWrong]) =>
    el("div", { class: isWrong ? "answer wrong" : "answer" }, el("dt", {}, name), el("dd", {}, value))));
}

/** Ask for the pairing code until a server knows it; resolves when the tablet is in use. */
export async function pairTablet(root, typed = "") {
  if (!globalThis.isSecureContext || !("serviceWorker" in navigator)) {
    show(root, "Không ghép được", el("div", { class: "page reading" }, el("div", { class: "body" },
      el("h1", {}, "Địa chỉ này chưa an toàn"),
      el("p", { class: "lead" }, "Máy chỉ giữ được phiếu khi mất mạng nếu mở bằng địa chỉ https://."),
      el("p", {}, "Xem phần «Máy tại quầy» trong Hướng dẫn sử dụng, rồi mở lại bằng https://."))));
    return new Promise(() => {});
  }
  let entered = { token: typed, pin: "" };
  for (let lines = []; ;) {
    entered = await pairingForm(root, entered, lines);
    const { token, pin } = entered;
    lines = missing(entered);
    if (lines.length > 0) continue;
    try {
      const found = await fetchConfiguration(token.replace(/[\s-]/g, ""));
      if (found.status === 200) {
        const persisted = await persistence(true);
        if (await confirmed(root, found, persisted)) return await adopt(token, pin, found);
      } else lines = [["token", REFUSALS[found.status] ?? found.value?.message ?? BROKEN_ADDRESS]];
    } catch {
      lines = [["token", BROKEN_ADDRESS]];
    }
  }
}

function missing({ token, pin }) {
  return [token === "" && ["token", "Chưa nhập mã ghép máy."],
    !/^[0-9]{4,8}$/.test(pin) && ["pin", "Mã ngắn của máy cần 4 đến 8 chữ số."]].filter(Boolean);
}

function pairingForm(root, entered, lines) {
  return new Promise((resolve) => {
    const onsubmit = (event) => {
      event.preventDefault();
      const { token, pin } = event.target.elements;
      resolve({ token: token.value.trim(), pin: pin.value.trim() });
    };
    show(root, lines.length > 0 ? "Lỗi: Ghép máy tại quầy" : "Ghép máy tại quầy",
      el("form", { class: "page reading", novalidate: true, autocomplete: "off", onsubmit },
        el("div", { class: "body" },
          problems(lines),
          el("h1", {}, "Ghép máy tại quầy"),
          field("token", "Mã ghép máy", "Ở trang «Máy tại quầy» của cuộc khảo sát: nhập mã, hoặc mở bằng mã QR.", { value: entered.token, autocapitalize: "characters" }),
          field("pin", "Mã ngắn của máy", "Tự đặt 4 đến 8 chữ số, để cán bộ mở trang xem phiếu trên máy.", { value: entered.pin, type: "password", inputmode: "numeric" }),
          showButton("pin")),
        foot(el("button", { class: "next" }, "Ghép máy"))));
  });
}

/** Whether the browser keeps the data for good; null if it cannot tell. */
async function persistence(mayAsk) {
  if (!navigator.storage?.persisted) return null;
  return await navigator.storage.persisted() || (mayAsk && await navigator.storage.persist());
}

function persistenceText(persisted) {
  return persisted ? "được giữ lâu dài" : "trình duyệt có thể xóa khi đầy bộ nhớ: cài trang này thành ứng dụng";
}

function addressText() {
  return location.protocol === "https:" ? `${location.origin}, kết nối an toàn`
    : `${location.origin}, chỉ dùng được trên chính máy chủ này`;
}

function skewText(skew) {
  if (skew === null) return "máy chủ không cho biết giờ";
  const seconds = Math.abs(skew);
  if (seconds <= MOST_SKEW_SECONDS) return "khớp với máy chủ";
  const [unit, length] = UNITS.find((one) => seconds >= 2 * one[1]);
  const count = Math.round(seconds / length).toLocaleString("vi");
  return `${skew > 0 ? "nhanh" : "chậm"} ${count} ${unit}: chỉnh lại giờ của máy`;
}

function scopeRows(value) {
  return [["Cuộc khảo sát", value.survey.title], ["Cơ quan", value.agency.title], ["Quầy", value.device.counter],
    ["Máy số", String(value.device.number)]];
}

function confirmed(root, { value, skew }, persisted) {
  return new Promise((resolve) => {
    show(root, "Kiểm tra trước khi dùng", el("div", { class: "page reading" },
      el("div", { class: "body" },
        el("h1", {}, "Kiểm tra trước khi dùng"),
        facts([...scopeRows(value),
          ["Địa chỉ", addressText()],
          ["Dữ liệu trên máy", persistenceText(persisted), !persisted],
          ["Đồng hồ", skewText(skew), skew !== null && Math.abs(skew) > MOST_SKEW_SECONDS],
          ["Khóa của máy chủ", value.key.id]])),
      foot(el("button", { class: "back", onclick: () => resolve(false) }, "Nhập lại"),
        el("button", { class: "next", onclick: () => resolve(true) }, "Đưa máy vào dùng"))));
  });
}

async function adopt(token, pin, { value, etag }) {
  const salt = randomText(16);
  const device = { number: value.device.number, token: token.replace(/[\s-]/g, ""), pin: { salt, hash: await pinHash(pin, salt) } };
  await keepPairing(device, { etag, value });
  tell("now"); // to another tab, which may be the one that sends
  return value;
}

/** Ask for the short code; after five wrong ones the tablet waits. True if it was right. */
async function unlocked(root) {
  for (let lines = []; ;) {
    const pin = await pinForm(root, lines);
    if (pin === null) return false;
    const [device, tries] = [await readSetting("device"), await readSetting("tries")];
    if (Date.now() < tries.until && tries.until - Date.now() <= LOCK_MILLISECONDS) {
      lines = [["pin", "Sai nhiều lần; chờ 5 phút rồi thử lại."]];
    } else if (await pinHash(pin, device.pin.salt) === device.pin.hash) {
      await writeSetting("tries", { wrong: 0, until: 0 });
      return true;
    } else {
      const wrong = tries.wrong + 1;
      const until = wrong % MOST_TRIES === 0 ? Date.now() + LOCK_MILLISECONDS : 0;
      await writeSetting("tries", { wrong, until });
      lines = [["pin", "Mã ngắn chưa đúng."]];
    }
  }
}

function pinForm(root, lines) {
  return new Promise((resolve) => {
    const onsubmit = (event) => { event.preventDefault(); resolve(event.target.elements.pin.value.trim()); };
    show(root, "Mã ngắn của máy", el("form", { class: "page reading", novalidate: true, autocomplete: "off", onsubmit },
      el("div", { class: "body" }, problems(lines), el("h1", {}, "Trang của cán bộ"),
        field("pin", "Mã ngắn của máy", "Mã đã đặt khi ghép máy.", { type: "password", inputmode: "numeric", autofocus: true }), showButton("pin")),
      foot(el("button", { class: "back", type: "button", onclick: () => resolve(null) }, "Về trang đầu"),
        el("button", { class: "next" }, "Mở"))));
  });
}

/** Show the corner; resolves to "back" or, to pair the tablet anew, "pair". */
export async function openCorner(root) {
  if (!await unlocked(root)) return "back";
  return new Promise((resolve) => {
    let isOpen = true;
    let isOffline = false;
    const leave = (where) => () => { isOpen = false; resolve(where); };
    const draw = async () => {
      const [days, records, configuration] = [await ledger(), await allRecords(), await readSetting("configuration")];
      const [device, persisted] = [await readSetting("device"), await persistence(false)];
      const found = { days, records, configuration, persisted, isRevoked: device.isRevoked === true, isOffline };
      if (isOpen) show(root, "Phiếu trên máy này", cornerPage(found, send, leave));
    };
    const send = async () => {
      isOffline = false;
      tell("now");
      isOffline = await refreshConfiguration().then(() => false, () => true);
      if (isOffline) draw();
    };
    onNews(() => { if (isOpen) draw(); });
    draw();
    refreshConfiguration().catch(() => {}); // a tablet with nothing to send hears here that it was revoked
  });
}

/** What an official has to know first: that this tablet was revoked, or that nothing can be sent now. */
function standing({ isRevoked, isOffline }) {
  if (isRevoked) {
    return el("div", { class: "summary", role: "alert" }, el("h2", {}, "Máy đã bị thu hồi"),
      el("p", {}, "Máy không nhận và không gửi phiếu nữa. Để dùng tiếp: lấy mã mới ở trang «Máy tại quầy», rồi bấm «Ghép lại máy»."));
  }
  return isOffline && el("p", { class: "lead", role: "alert" }, "Chưa có mạng; máy sẽ tự gửi khi có mạng.");
}

function cornerPage(found, send, leave) {
  const { days, records, configuration, persisted } = found;
  const attention = records.filter((record) => record.state === "attention");
  const sent = days.reduce((sum, day) => sum + day.received, 0);
  const reasons = new Map();
  for (const { code, message } of attention) reasons.set(`${message} [${code}]`, (reasons.get(`${message} [${code}]`) ?? 0) + 1);
  return el("div", { class: "page reading corner" }, el("div", { class: "body" },
    standing(found),
    el("h1", {}, "Phiếu trên máy này"),
    facts([["Còn trên máy, chờ gửi", String(records.length - attention.length)], ["Đã gửi, máy chủ đã nhận", String(sent)],
      ["Cần xem lại", String(attention.length), attention.length > 0]]),
    reasons.size > 0 && el("ul", { class: "reasons" }, ...[...reasons].map(([text, n]) => el("li", {}, `${n} phiếu: ${text}`))),
    el("div", { class: "buttons" },
      el("button", { class: "back", onclick: send }, "Gửi ngay"),
      attention.length > 0 && el("button", { class: "back", onclick: () => takeUpAgain().then(send) }, "Thử gửi lại phiếu cần xem"),
      records.length > 0 && el("button", { class: "back", onclick: () => saveRescue(records, configuration) }, "Tải tệp cứu phiếu"),
      el("button", { class: "back", onclick: leave("pair") }, "Ghép lại máy")),
    el("h2", {}, "Sổ theo ngày"), dayTable(days.slice(0, DAYS_SHOWN)),
    el("h2", {}, "Máy này"),
    facts([...scopeRows(configuration.value), ["Dữ liệu trên máy", persistenceText(persisted), !persisted],
      ["Khóa của máy chủ", configuration.value.key.id]])),
  foot(el("button", { class: "next", onclick: leave("back") }, "Về trang đầu")));
}

function dayTable(days) {
  const columns = [["started", "Mở"], ["completed", "Xong"], ["broken_off", "Bỏ dở"], ["unsent", "Chờ gửi"], ["received", "Đã nhận"], ["attention", "Cần xem"]];
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Sổ theo ngày" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Ngày"), ...columns.map(([, name]) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...days.map((day) => el("tr", {}, el("th", { scope: "row" }, day.day.split("-").reverse().join("/")),
      ...columns.map(([key]) => el("td", {}, String(day[key]))))))));
}

/** Hand out all sealed forms as a file; they stay on the tablet, and nobody can read the file. */
function saveRescue(records, configuration) {
  const value = { sipas_rescue: 1, device: configuration.value.device.number, records: records.map(({ id, body }) => ({ id, body })) };
  const address = URL.createObjectURL(new Blob([JSON.stringify(value)], { type: "application/json" }));
  el("a", { href: address, download: `phieu-may-${value.device}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
