// What an operator may have the station do. Without a configured PIN the page has no button and nothing here runs.
import { byId, setText } from "./dom.js";
import { own, t } from "./text.js";

const button = byId("trigger");
const dialog = byId("dialog");
const ROOT = "/api/v1";
let csrf = null;

export function showActions(status, silent) {
  if (button !== null) button.hidden = status === null || silent || !status.software_trigger;
}

// Every answer is JSON with its status; null when none came.
async function call(method, path, body) {
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

function words(answer) {
  if (answer === null) return t("act.no_server");
  const wait = answer.said.retry_after_s;
  return wait ? `${own(answer.said, "text")} · ${t("act.wait", { seconds: wait })}` : own(answer.said, "text");
}

// A lost answer is asked for again under the same name: the station never judges twice for it.
async function ask(name) {
  const wanted = { request_id: name, wait: true };
  return (await call("POST", "/trigger", wanted)) ?? call("POST", "/trigger", wanted);
}

async function trigger() {
  button.disabled = true;
  const answer = await ask(crypto.getRandomValues(new Uint32Array(4)).join("-"));
  button.disabled = false;
  if (answer !== null && answer.status === 401) {
    csrf = null;
    open(true, "");
  } else if (answer === null || answer.said.code) open(false, words(answer));
  else if (dialog.open) dialog.close();
}

async function start() {
  // Asked anew each time: the session may have ended, or another tab of this browser may have begun one.
  const session = await call("GET", "/session");
  csrf = session === null ? null : session.said.csrf;
  if (session === null) open(false, words(null));
  else if (csrf === null) open(true, "");
  else trigger();
}

async function signIn() {
  const answer = await call("POST", "/session", { pin: byId("pin").value });
  if (answer === null || answer.status !== 200) {
    open(true, words(answer));
    return;
  }
  csrf = answer.said.csrf;
  dialog.close();
  trigger();
}

if (button !== null) {
  button.addEventListener("click", start);
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
