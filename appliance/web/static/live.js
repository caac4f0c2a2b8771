// The live page: one event stream, one state, drawn again when something was said, and a watch on silence.
import { showActions } from "./actions.js";
import { draw, showRate } from "./chart.js";
import { byId, setText } from "./dom.js";
import { activeAlarms, showAlarms, showCounters, showDevices, showHead, showModes, spokenAlarm } from "./panels.js";
import { preload, showPicture, showStrip, spokenVerdict } from "./picture.js";
import { applyLanguage, clock, switchLanguage, t } from "./text.js";
import { showVerdict } from "./verdict.js";

const SILENT_MS = 4000;
const WATCH_MS = 250;
const RETRY_MS = 2000;
const SPEAK_MS = 5000;
const STRIP = 6;

const state = { status: null, verdict: null, ng: [], lastWord: null, opened: performance.now(), silent: false, full: false };
const drawn = { verdict: null, loaded: false };
let waiting = null;
let busy = false;
let lastSpoken = -Infinity;

// The newest verdict is drawn together with its picture; while one loads, only the newest waits behind it.
async function drawVerdict() {
  if (busy) return;
  busy = true;
  while (waiting !== null) {
    const verdict = waiting;
    waiting = null;
    const loaded = await preload(verdict);
    if (state.verdict === null) break;
    Object.assign(drawn, { verdict, loaded });
    showVerdict(verdict, true);
    showPicture(verdict, loaded);
    speak(verdict);
  }
  busy = false;
}

function speak(verdict) {
  const now = performance.now();
  if (verdict.replayed || verdict.outcome === "OK" || now - lastSpoken < SPEAK_MS) return;
  lastSpoken = now;
  setText("spoken", spokenVerdict(verdict));
}

function takeVerdict(verdict) {
  state.verdict = verdict;
  waiting = verdict;
  drawVerdict();
  if (verdict.outcome === "NG" && !verdict.golden && !state.ng.some((known) => known.id === verdict.id)) {
    state.ng = [verdict, ...state.ng].slice(0, STRIP);
    showStrip(state.ng, state.status !== null, false);
  }
}

function takeSnapshot(snapshot) {
  state.status = snapshot.status;
  state.ng = snapshot.ng;
  if (snapshot.verdict === null) {
    state.verdict = drawn.verdict = waiting = null;
    showVerdict(null, state.status !== null);
    showPicture(null, false);
  } else if (drawn.verdict === null || drawn.verdict.id !== snapshot.verdict.id) takeVerdict(snapshot.verdict);
  showStatus();
}

function showStatus() {
  showHead(state.status);
  showDevices(state.status, state.silent);
  showModes(state.status, state.silent);
  showCounters(state.status);
  showRate(state.status);
  showStrip(state.ng, state.status !== null, false);
  showAlarms(state.status, state.silent);
  showActions(state.status, state.silent);
  const alarms = state.status === null || state.silent ? [] : activeAlarms(state.status);
  setText("alert", state.silent ? staleText() : alarms.slice(0, 1).map(spokenAlarm).join());
  if (drawn.verdict === null && state.verdict === null) showVerdict(null, state.status !== null);
}

// `silentS`: how long the station had been silent when the page was told; null: it was never heard.
function heard(silentS) {
  state.lastWord = silentS === null ? null : performance.now() - 1000 * silentS;
  state.full = false;
  watch();
}

function staleText() {
  return state.status === null ? t("stale.never") : t("stale.since", { time: clock(state.status.utc, true) });
}

function staleAdvice() {
  if (state.full) return t("page.too_many");
  return t(state.status === null ? "verdict.no_station_why" : "stale.why");
}

function watch() {
  const silent = performance.now() - (state.lastWord ?? state.opened) > SILENT_MS;
  const changed = silent !== state.silent;
  state.silent = silent;
  document.body.dataset.link = silent ? "stale" : state.lastWord === null ? "waiting" : "up";
  byId("stale").hidden = !silent;
  if (silent) {
    setText("stale-since", staleText());
    setText("stale-why", staleAdvice());
  }
  if (changed) showStatus();
}

function listen() {
  const source = new EventSource("/events");
  const on = (name, take) => source.addEventListener(name, (event) => take(JSON.parse(event.data)));
  on("snapshot", (snapshot) => { takeSnapshot(snapshot); heard(snapshot.silent_s); });
  on("status", (status) => { state.status = status; showStatus(); heard(0); });
  on("verdict", (verdict) => { takeVerdict(verdict); heard(0); });
  on("link", (link) => heard(link.silent_s));
  source.addEventListener("error", async () => {
    // The browser connects again by itself, except after an answer such as 503.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, RETRY_MS);
    const health = await fetch("/healthz").then((answer) => answer.json(), () => null);
    state.full = health !== null && health.streams >= health.streams_max;
  });
}

byId("switch").addEventListener("click", (event) => {
  event.preventDefault();
  switchLanguage();
  setText("spoken", "");
  showVerdict(drawn.verdict, state.status !== null);
  showPicture(drawn.verdict, drawn.loaded);
  showStrip(state.ng, state.status !== null, true);
  draw();
  showStatus();
  watch();
});

applyLanguage();
showVerdict(null, false);
showPicture(null, false);
showStatus();
setInterval(watch, WATCH_MS);
listen();
