// A code for answering at home: only the server gives one, so this needs a connection.
import { ask } from "./queue.js";
import { readSetting } from "./storage.js";

/** Ask for a code; {slip, reason}: what to show, or null and why: "used_up", "offline". */
export async function askLater() {
  try {
    const reply = await ask("POST", "/api/device/later", (await readSetting("device")).token);
    if (reply.signed && reply.status === 200 && reply.body?.code) return { slip: reply.body, reason: null };
    return { slip: null, reason: reply.signed && reply.status === 429 ? "used_up" : "offline" };
  } catch {
    return { slip: null, reason: "offline" };
  }
}
