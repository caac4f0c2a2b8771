// Everything around the verdict that comes with the station's status.
import { byId, make, makeSvg, setText } from "./dom.js";
import { clock, count, own, percent, t } from "./text.js";

const DEVICES = { camera: "device.camera", plc: "device.plc", mqtt: "device.mqtt", disk: "device.disk", model: "device.model", journal: "device.journal" };
const STATES = { ok: "state.ok", warn: "state.warn", fault: "state.fault", off: "state.off", unknown: "state.unknown" };
// A shape for every state: tick, triangle, cross, line, question mark.
const SHAPES = {
  ok: "M3 9l4 4 7-9", warn: "M8 2l7 12H1zM8 6v4M8 11.500v1", fault: "M3 3l10 10M13 3L3 13", off: "M3 8h10",
  unknown: "M5 6a3 3 0 1 1 4 3c-1 0-1 1-1 2M8 12.500v1",
};
// A few results are always on their way; more than that is worth a word.
const OUTBOX_WORTH_SAYING = 20;

function shape(state) {
  return makeSvg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, makeSvg("path", { d: SHAPES[state], fill: "none", stroke: "currentColor", "stroke-width": 2 }));
}

function replaceIfChanged(element, children) {
  const stage = make("div", {}, ...children);
  if (stage.innerHTML !== element.innerHTML) element.replaceChildren(...stage.childNodes);
}

export function showHead(status) {
  setText("station", status === null ? "–" : status.name);
  setText("recipe", status === null ? "–" : `${status.recipe_name} (${status.recipe_version}) · ${status.model_id || t("head.no_model")}`);
  setText("lot", status === null ? "–" : status.lot || t("head.no_lot"));
  setText("time", status === null ? "–" : clock(status.utc));
  document.title = status === null ? t("page.title") : `${status.name} – ${t("page.title")}`;
}

export function showDevices(status, silent) {
  const devices = status === null ? [] : status.devices;
  replaceIfChanged(byId("devices"), devices.map((device) => {
    const state = silent && device.state !== "off" ? "unknown" : device.state;
    return make("li", { class: `chip ${state}`, "data-device": device.id }, shape(state),
      make("span", { class: "name" }, t(DEVICES[device.id])), make("span", { class: "state" }, t(STATES[state])));
  }));
}

export function showModes(status, silent) {
  const modes = [];
  const known = status !== null && !silent;
  if (known && !status.ready) modes.push(make("li", { class: "warn" }, shape("warn"), t("mode.not_ready")));
  if (known && status.collecting) modes.push(make("li", { class: "collect" }, t("mode.collect", { label: status.collecting.label })));
  else if (known && !status.armed) modes.push(make("li", {}, t("mode.monitor")));
  if (known && status.scanner) modes.push(make("li", { class: "warn" }, shape("warn"), own(status.scanner, "text")));
  if (known && status.changing) modes.push(make("li", { class: "changing" }, t("mode.changing", { wanted: status.changing.wanted })));
  if (known && status.golden) modes.push(...goldenModes(status.golden));
  if (known && status.drift && status.drift.drifted.length > 0) modes.push(make("li", { class: "warn" }, shape("warn"), t("golden.drift")));
  if (known && status.simulated) modes.push(make("li", {}, t("mode.simulated")));
  if (known && status.certificate) modes.push(make("li", { class: status.certificate.holds ? "certificate" : "certificate void" }, own(status.certificate, "text")));
  replaceIfChanged(byId("mode-list"), modes);
  byId("modes").hidden = modes.length === 0;
}

// What is to be shown, part by part: a tick came out as expected, a cross otherwise, a question mark is still to come.
function goldenModes(golden) {
  const word = { due: "golden.due", failed: "golden.failed", running: "golden.running" }[golden.phase];
  if (word === undefined) return [];
  const parts = golden.parts.map((part) => {
    const mark = part.as_expected === null ? "unknown" : part.as_expected ? "ok" : "fault";
    const name = part.serial === null ? part.name : `${part.name} (${part.serial})`;
    const key = part.name === golden.next ? "golden.next" : "golden.part";
    return make("li", { class: "golden" }, shape(mark), t(key, { name, expected: part.expected }));
  });
  return [make("li", { class: "warn" }, shape("warn"), t(word)), ...parts];
}

// Golden parts are chosen: they belong to no yield.
function production(counters) {
  const golden = counters.golden ?? { ok: 0, ng: 0, recheck: 0 };
  return { ...counters, ok: counters.ok - golden.ok, ng: counters.ng - golden.ng, recheck: counters.recheck - golden.recheck };
}

export function showCounters(status) {
  const c = status === null ? null : production(status.counters);
  const judged = c === null ? 0 : c.ok + c.ng + c.recheck;
  const figure = (key, value) => make("div", {}, make("dt", {}, t(key)), make("dd", {}, value));
  const known = (value) => (c === null ? "–" : count(value(c)));
  const collecting = status === null ? null : status.collecting;
  replaceIfChanged(byId("counters"), collecting ? [
    figure("count.kept", count(collecting.kept)),
    figure("count.not_kept", count(collecting.failed)),
    figure("count.error", known((x) => x.error)),
    figure("count.missed", known((x) => x.missed)),
  ] : [
    figure("count.inspected", known(() => judged)),
    yieldFigure(judged === 0 ? null : percent(c.ok, judged)),
    figure("count.ng", known((x) => x.ng)),
    figure("count.recheck", known((x) => x.recheck)),
  ]);
  const extras = [];
  const extra = (key, value) => extras.push(make("li", {}, `${t(key)} `, make("b", {}, count(value))));
  if (c !== null && c.error > 0 && !collecting) extra("count.error", c.error);
  if (c !== null && c.missed > 0 && !collecting) extra("count.missed", c.missed);
  if (c !== null && c.suppressed > 0) extra("count.suppressed", c.suppressed);
  if (c !== null && status.drops > 0) extra("count.drops", status.drops);
  if (c !== null && status.outbox_depth >= OUTBOX_WORTH_SAYING) extra("count.outbox", status.outbox_depth);
  replaceIfChanged(byId("extras"), extras);
  byId("extras").hidden = extras.length === 0;
}

function yieldFigure(value) {
  const name = make("dt", {}, t("count.yield"), make("span", { class: "meaning" }, ` (${t("count.yield_is")})`));
  return make("div", {}, name, value === null ? make("dd", {}, "–") : make("dd", {}, value, make("small", {}, " %")));
}

export function showAlarms(status, silent) {
  const wrong = status === null || silent ? [] : activeAlarms(status);
  setText("alarm-title", wrong.length > 1 ? `${t("alarm.title")} (${wrong.length})` : t("alarm.title"));
  const items = wrong.map((device) => make("li", { class: device.state }, shape(device.state),
    make("p", {}, make("strong", {}, `${t(DEVICES[device.id])} – ${t(STATES[device.state])}`), " ", make("span", {}, own(device, "text")))));
  if (items.length === 0) items.push(make("li", { class: "none" }, status === null ? "–" : t(silent ? "alarm.unknown" : "alarm.none")));
  replaceIfChanged(byId("alarms"), items);
  byId("alarms").closest(".side").classList.toggle("with-alarms", wrong.length > 0);
  const list = byId("alarms");
  // A list that must be scrolled must be reachable by keyboard.
  if (wrong.length > 0 && list.scrollHeight > list.clientHeight) list.tabIndex = 0;
  else list.removeAttribute("tabindex");
}

// Faults first, then what is worth a look.
export function activeAlarms(status) {
  const of = (state) => status.devices.filter((device) => device.state === state);
  return [...of("fault"), ...of("warn")];
}

export function spokenAlarm(device) {
  return t("alarm.spoken", { device: t(DEVICES[device.id]), state: t(STATES[device.state]), text: own(device, "text") });
}
