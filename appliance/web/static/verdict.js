// The verdict of one part: what, why, where, how sure.
import { byId, setText } from "./dom.js";
import { count, own, scoreText, t } from "./text.js";

// A shape of its own for every outcome: circle, octagon, diamond, dashed circle, square.
const CIRCLE = "M32 4a28 28 0 1 0 .01 0z";
const SIGNS = {
  OK: ["verdict.ok", CIRCLE, "M18 33l10 10 19-21"],
  NG: ["verdict.ng", "M20 3h24l17 17v24L44 61H20L3 44V20z", "M21 21l22 22M43 21L21 43"],
  RECHECK: ["verdict.recheck", "M32 3l29 29-29 29L3 32z", "M25 26a7 7 0 1 1 9 7c-2 1-2 2-2 5M32 42v6"],
  NO_PART: ["verdict.no_part", CIRCLE, "M20 32h24"],
  ERROR: ["verdict.error", "M5 5h54v54H5z", "M32 15v23M32 44v7"],
};
// What is neither grave nor slight needs no word.
const SEVERITIES = { critical: "severity.critical", minor: "severity.minor" };
const WHERE = [
  ["where.upper_left", "where.top", "where.upper_right"],
  ["where.left", "where.centre", "where.right"],
  ["where.lower_left", "where.bottom", "where.lower_right"],
];

// Defects that no rule of the recipe tolerates; the station sends the worst first, by severity and score.
function counting(verdict) {
  return verdict.defects.filter((defect) => defect.fate !== "suppress");
}

export function mainDefect(verdict) {
  return counting(verdict)[0] ?? null;
}

export function defectName(defect) {
  return own(defect, "name") || defect.label;
}

export function place(defect, verdict) {
  const [left, top, width, height] = defect.box;
  // "Centre" is only what is really near the middle: the fifth around it.
  const third = (centre, whole) => (centre < 0.4 * whole ? 0 : centre > 0.6 * whole ? 2 : 1);
  return t(WHERE[third(top + height / 2, verdict.height_px)][third(left + width / 2, verdict.width_px)]);
}

export function outcomeWord(verdict) {
  return t(SIGNS[verdict.outcome][0]);
}

export function reasonText(verdict) {
  const defect = verdict.outcome === "NG" ? mainDefect(verdict) : null;
  if (defect === null) return own(verdict, "reason");
  const words = [t("verdict.defect_at", { name: defectName(defect), where: place(defect, verdict) })];
  if (defect.severity !== "major") words.push(t(SEVERITIES[defect.severity]));
  const others = counting(verdict).length - 1;
  if (others > 0) words.push(t("verdict.more", { n: others }));
  const tolerated = verdict.defects.length - others - 1;
  if (tolerated > 0) words.push(t("verdict.tolerated", { n: tolerated }));
  return words.join(" · ");
}

export function limitsText(verdict) {
  const { score, ok_below: okBelow, ng_from: ngFrom, outcome } = verdict;
  if (score === null) return "";
  const words = [t("verdict.score", { score: scoreText(score, [okBelow, ngFrom]) })];
  if (okBelow !== null && outcome !== "NG") words.push(t("verdict.ok_below", { limit: okBelow.toFixed(2) }));
  if (ngFrom !== null && outcome !== "OK") words.push(t("verdict.ng_from", { limit: ngFrom.toFixed(2) }));
  return words.join(" · ");
}

// `heard`: whether the station was ever heard.
export function showVerdict(verdict, heard) {
  const banner = byId("verdict");
  banner.dataset.outcome = verdict === null ? "none" : verdict.outcome;
  banner.classList.toggle("long", verdict !== null && reasonText(verdict).length > 26);
  const [key, frame, mark] = verdict === null ? [null, CIRCLE, "M20 32h.01M32 32h.01M44 32h.01"] : SIGNS[verdict.outcome];
  banner.querySelector(".sign-frame").setAttribute("d", frame);
  banner.querySelector(".sign-mark").setAttribute("d", mark);
  setText("word", key === null ? "" : t(key));
  if (verdict === null) {
    setText("reason", t(heard ? "verdict.waiting" : "verdict.no_station"));
    setText("limits", t(heard ? "verdict.waiting_why" : "verdict.no_station_why"));
  } else {
    setText("reason", reasonText(verdict));
    setText("limits", limitsText(verdict));
  }
  setText("part", verdict === null ? "" : `${t(verdict.golden ? "verdict.golden" : "verdict.part")} #${count(verdict.number)}`);
  setText("latency", verdict === null ? "" : `${verdict.latency_ms.toFixed(0)} ms`);
}
