// What an operator may have the station do. Without a configured PIN the page has no button and nothing here runs.
import { byId, setText } from "./dom.js";
import { showRecipe } from "./recipes.js";
import { own, t } from "./text.js";

const trigger = byId("trigger");
const golden = byId("golden");
const dialog = byId("dialog");
const ROOT = "/api/v1";
let csrf = null;
// What is done once the PIN was entered.
let wanted = null;
let goldenAction = "start";

export function showActions(status, silent) {
  showRecipe(status, silent);
  if (trigger === null) return;
  const known = status !== null && !silent;
  trigger.hidden = !known || !status.software_trigger;
  golden.hidden = !known || !status.golden;
  goldenAction = known && status.golden && status.golden.phase === "running" ? "abort" : "start";
  setText("golden", t(goldenAction === "start" ? "act.golden_start" : "act.golden_abort"));
}

export function newName() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

// Every answer is JSON with its status; null when none came.
export async function call(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (csrf !== null) headers["X-CSRF-Token"] = csrf;
  try {
    const answer = await fetch(ROOT + path, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, said: await answer.json() };
  } catch {
    return null;
  }
}

function open(asksPin, words) {
  dialog.classList.toggle("only-says", !asksPin);
  setText("dialog-says", words);
  byId("pin").value = "";
  if (!dialog.open) dialog.showModal();
  byId(asksPin ? "pin" : "dialog-close").focus();
}

export function words(answer) {
  if (answer === null) return t("act.no_server");
  const wait = answer.said.retry_after_s;
  return wait ? `${own(answer.said, "text")} · ${t("act.wait", { seconds: wait })}` : own(answer.said, "text");
}

// A lost answer is asked for again under the same name: the station never acts twice for it.
async function ask(path, said) {
  const body = { request_id: newName(), ...said };
  return (await call("POST", path, body)) ?? call("POST", path, body);
}

async function press(button, path, said) {
  button.disabled = true;
  const answer = await ask(path, said);
  button.disabled = false;
  if (signedOut(answer)) return;
  if (answer === null || answer.said.code) open(false, words(answer));
  else if (dialog.open) dialog.close();
}

// Whether the session ended meanwhile: the PIN is asked for, and the same is wanted again.
export function signedOut(answer) {
  if (answer === null || answer.status !== 401) return false;
  csrf = null;
  open(true, "");
  return true;
}

export async function start(what) {
  wanted = what;
  // Asked anew each time: the session may have ended, or another tab of this browser may have begun one.
  const session = await call("GET", "/session");
  csrf = session === null ? null : session.said.csrf;
  if (session === null) open(false, words(null));
  else if (csrf === null) open(true, "");
  else what();
}

async function signIn() {
  const answer = await call("POST", "/session", { pin: byId("pin").value });
  if (answer === null || answer.status !== 200) {
    open(true, words(answer));
    return;
  }
  csrf = answer.said.csrf;
  dialog.close();
  wanted();
}

if (trigger !== null) {
  trigger.addEventListener("click", () => start(() => press(trigger, "/trigger", { wait: true })));
  golden.addEventListener("click", () => {
    const action = goldenAction;
    start(() => press(golden, "/golden", { action }));
  });
  byId("dialog-close").addEventListener("click", () => dialog.close());
  byId("pin-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (byId("pin").value) signIn();
  });
  for (const key of dialog.querySelectorAll("[data-digit]")) {
    key.addEventListener("click", () => { byId("pin").value = (byId("pin").value + key.dataset.digit).slice(0, 12); });
  }
  byId("pin-back").addEventListener("click", () => { byId("pin").value = byId("pin").value.slice(0, -1); });
}
