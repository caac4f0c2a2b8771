// The picture of one part with its defects marked, the worst defect enlarged, and the strip of rejected parts.
import { byId, make, makeSvg } from "./dom.js";
import { clock, count, own, scoreText, t } from "./text.js";
import { defectName, mainDefect, outcomeWord, place, reasonText } from "./verdict.js";

const LOAD_MS = 800;

function address(verdict) {
  return `/frame/${verdict.id}.jpg`;
}

// Resolves to whether the picture is there; never takes longer than a viewer would wait for a verdict.
export async function preload(verdict) {
  if (!verdict.picture) return false;
  const image = new Image();
  image.src = address(verdict);
  const late = new Promise((resolve) => setTimeout(resolve, LOAD_MS, false));
  return Promise.race([image.decode().then(() => true, () => false), late]);
}

function photo(verdict, box, label, fit) {
  const image = makeSvg("image", { href: address(verdict), width: verdict.width_px, height: verdict.height_px, preserveAspectRatio: "none" });
  return makeSvg("svg", { viewBox: box.join(" "), preserveAspectRatio: `xMidYMid ${fit}`, role: "img", "aria-label": label }, image);
}

// What a rule of the recipe tolerates is gray and dashed.
function outline(defect) {
  const [x, y, width, height] = defect.box;
  const inner = defect.fate === "suppress" ? "box-inner tolerated" : "box-inner";
  return ["box-outer", inner].map((name) => makeSvg("rect", { class: name, x, y, width, height, rx: 4 }));
}

// A window around the defect in the shape of its pane, never smaller than a sixth of the picture, never outside it.
function closeUp(defect, verdict, aspect) {
  const [left, top, width, height] = defect.box;
  const wanted = Math.max(width * 1.3, height * 1.3 * aspect, verdict.width_px / 6);
  const w = Math.min(wanted, verdict.width_px, verdict.height_px * aspect);
  const h = w / aspect;
  const inside = (start, size, whole) => Math.min(Math.max(0, start), whole - size);
  return [inside(left + width / 2 - w / 2, w, verdict.width_px), inside(top + height / 2 - h / 2, h, verdict.height_px), w, h];
}

// The score between 0 (bottom) and 1 (top) beside both limits; a limit's words stand on its own side of it.
function scalePane(verdict) {
  const { score, ok_below: okBelow, ng_from: ngFrom } = verdict;
  const y = (value) => 100 - 100 * Math.min(1, Math.max(0, value));
  const band = (from, to, name) => makeSvg("rect", { class: name, x: 42, width: 14, y: y(to), height: y(from) - y(to) });
  const words = (x, line, text, anchor) => {
    const element = makeSvg("text", { x, y: line, "text-anchor": anchor });
    element.textContent = text;
    return element;
  };
  const tick = (limit) => makeSvg("path", { class: "tick", d: `M42 ${y(limit)}h18` });
  const shown = scoreText(score, [okBelow, ngFrom]);
  const bar = makeSvg("svg", { class: "bar", viewBox: "2 -22 110 144", role: "img", "aria-label": t("picture.scale_label", { score: shown }) },
    band(0, okBelow, "band-ok"), band(okBelow, ngFrom, "band-recheck"), band(ngFrom, 1, "band-ng"), tick(okBelow), tick(ngFrom),
    words(62, y(ngFrom) - 12, t("picture.ng_from"), "start"), words(62, y(ngFrom) - 1, ngFrom.toFixed(2), "start"),
    words(62, y(okBelow) + 10, t("picture.ok_below"), "start"), words(62, y(okBelow) + 21, okBelow.toFixed(2), "start"),
    makeSvg("path", { class: "needle", d: `M41 ${y(score)}l-8 -5v10z` }), words(30, y(score) + 4, shown, "end"));
  bar.lastChild.setAttribute("class", "needle-text");
  return make("div", { class: "pane" }, make("p", { class: "caption" }, t("picture.scale")), bar);
}

function closeUpPane(verdict, defect, whole) {
  const caption = make("p", { class: "caption" });
  const view = make("div", { class: "close-up" });
  const pane = make("div", { class: "pane" }, caption, view);
  return { pane, draw() {
    const { clientWidth: width, clientHeight: height } = view;
    if (width === 0 || height === 0) return;
    const window = closeUp(defect, verdict, width / height);
    const [, , across, down] = shownOf(verdict);
    const base = Math.min(whole.clientWidth / across, whole.clientHeight / down);
    const factor = width / window[2] / base;
    const name = defectName(defect);
    const label = factor < 1.1 ? name : t("picture.enlarged", { name, factor: factor.toFixed(1) });
    caption.textContent = label;
    view.replaceChildren(photo(verdict, window, label, "meet"));
  } };
}

// What the recipe wants to be seen of the picture; the station never leaves a defect out of it.
function shownOf(verdict) {
  return verdict.view ?? [0, 0, verdict.width_px, verdict.height_px];
}

let redraw = () => {};
new ResizeObserver(() => redraw()).observe(byId("picture"));

// `loaded`: whether the picture is there. Boxes are only ever drawn on the part they belong to.
export function showPicture(verdict, loaded) {
  const section = byId("picture");
  redraw = () => {};
  section.dataset.outcome = verdict === null ? "none" : verdict.outcome;
  if (verdict === null || !loaded) {
    const key = verdict === null ? "picture.none_yet" : verdict.picture ? "picture.gone" : "picture.none";
    section.dataset.panes = "1";
    section.replaceChildren(make("p", { class: "empty" }, t(key)));
    return;
  }
  const defect = mainDefect(verdict);
  const svg = photo(verdict, shownOf(verdict), pictureLabel(verdict, defect), "meet");
  for (const each of verdict.defects) svg.append(...outline(each));
  const whole = make("div", { class: "whole" }, svg);
  const scaled = verdict.score !== null && verdict.ok_below !== null && verdict.ng_from !== null;
  const close = defect === null ? null : closeUpPane(verdict, defect, whole);
  const pane = close !== null ? close.pane : scaled ? scalePane(verdict) : null;
  section.dataset.panes = pane === null ? "1" : "2";
  section.replaceChildren(whole, ...(pane === null ? [] : [pane]));
  if (close !== null) {
    redraw = close.draw;
    redraw();
  }
}

function pictureLabel(verdict, defect) {
  const part = t("picture.of_part", { number: count(verdict.number) });
  return defect === null ? part : `${part}: ${t("verdict.defect_at", { name: defectName(defect), where: place(defect, verdict) })}`;
}

function thumbnail(verdict) {
  if (!verdict.picture) return make("p", { class: "gone" }, t("picture.none"));
  const defect = mainDefect(verdict);
  const window = defect === null ? shownOf(verdict) : closeUp(defect, verdict, 1.35);
  const view = photo(verdict, window, t("strip.part", { number: count(verdict.number) }), "slice");
  view.firstChild.addEventListener("error", () => view.replaceWith(make("p", { class: "gone" }, t("picture.gone"))));
  return view;
}

let shown = "";

// `known`: whether the station was ever heard. Drawn again only when it changed: the pictures must not flicker with every status.
export function showStrip(rejected, known, repaint) {
  const ids = `${known}${rejected.map((verdict) => verdict.id).join()}`;
  if (ids === shown && !repaint) return;
  shown = ids;
  byId("strip-empty").hidden = rejected.length > 0;
  byId("strip-empty").textContent = known ? t("strip.empty") : "";
  byId("strip").replaceChildren(...rejected.map((verdict) => {
    const defect = mainDefect(verdict);
    const name = make("b", {}, defect === null ? own(verdict, "reason") : defectName(defect));
    const item = make("li", {}, thumbnail(verdict), make("p", { class: "label" }, name, make("time", { datetime: verdict.decided_utc }, clock(verdict.decided_utc))));
    return item;
  }));
}

export function spokenVerdict(verdict) {
  return t("verdict.spoken", { outcome: outcomeWord(verdict), number: verdict.number, why: reasonText(verdict) });
}
