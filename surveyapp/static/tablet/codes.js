// Asks the server about the code of a slip before the first question, so that nobody answers in vain.
import { ask, REVOKED } from "./queue.js";
import { sha256 } from "./seal.js";
import { readSetting } from "./storage.js";

const LONGEST_WAIT = 3000;
const FOR_GOOD = [403, 409];

/**
 * Return the {code, message} with which the server refuses a code; null if it knows nothing against
 * it or does not answer soon: then the form is asked, and what comes of it is seen when it is sent.
 */
export async function refusalOf(typed) {
  try {
    const body = JSON.stringify({ code_sha256: await sha256(new TextEncoder().encode(typed)) });
    const { token } = await readSetting("device");
    const reply = await ask("POST", "/api/device/code", token, body, {}, LONGEST_WAIT);
    const isRefused = reply.signed && FOR_GOOD.includes(reply.status) && reply.body?.code !== REVOKED;
    return isRefused ? { code: reply.body.code, message: `${reply.body.message} ${reply.body.fix}` } : null;
  } catch {
    return null;
  }
}
