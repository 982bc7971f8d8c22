// A finished form, sealed so that only the server's intake key opens it: P-256, HKDF, AES-256-GCM.

const BLOCK_BYTES = 1024;
const SEAL_INFO = new TextEncoder().encode("sipas submission 1");

export function toBase64url(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text) {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function randomText(length) {
  return toBase64url(crypto.getRandomValues(new Uint8Array(length)));
}

/** The text of `members`, filled with spaces, so that its length says little about the answers. */
function padded(members) {
  const bytes = new TextEncoder().encode(JSON.stringify(members));
  const room = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES).fill(0x20);
  room.set(bytes);
  return room;
}

/** Return the body to send for a form: sealed to the server's `key` {id, point}, bound to `id`. */
export async function sealed(members, id, key) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const point = fromBase64url(key.point);
  const theirs = await crypto.subtle.importKey("raw", point, curve, false, []);
  const ours = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const epk = new Uint8Array(await crypto.subtle.exportKey("raw", ours.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array([...epk, ...point]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt, info: SEAL_INFO };
  const cipher = { name: "AES-GCM", length: 256 };
  const secret = await crypto.subtle.deriveKey(derivation, material, cipher, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const parameters = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(id) };
  const ct = new Uint8Array(await crypto.subtle.encrypt(parameters, secret, padded(members)));
  const [epkText, ivText, ctText] = [epk, iv, ct].map(toBase64url);
  return JSON.stringify({ sealed: 1, key: key.id, epk: epkText, iv: ivText, ct: ctText });
}
