// NG rate of each finished group of 50 parts, as a line of dots with its mean.
import { byId, make, makeSvg } from "./dom.js";
import { percent, t } from "./text.js";

const MARGIN = { left: 48, right: 12, top: 12, bottom: 20 };
const NARROW = 300;
let groups = null;
new ResizeObserver(() => draw()).observe(byId("chart"));

export function showRate(status) {
  const next = status === null ? null : status.ng_rate;
  if (JSON.stringify(next) === JSON.stringify(groups) && byId("chart").hasChildNodes()) return;
  groups = next;
  draw();
}

export function draw() {
  const box = byId("chart");
  if (groups === null || groups.length === 0) {
    box.replaceChildren(make("p", { class: "empty" }, groups === null ? "–" : t("rate.empty")));
    return;
  }
  box.replaceChildren();
  const { clientWidth: width, clientHeight: height } = box;
  if (width < 80 || height < 40) return;
  const rates = groups.map(([parts, ng]) => ng / parts);
  const mean = groups.reduce((sum, [, ng]) => sum + ng, 0) / groups.reduce((sum, [parts]) => sum + parts, 0);
  const top = Math.max(0.1, Math.ceil(Math.max(...rates) * 20) / 20);
  const right = width - MARGIN.right;
  const x = (index) => rates.length === 1 ? right : MARGIN.left + (index * (right - MARGIN.left)) / (rates.length - 1);
  const y = (rate) => MARGIN.top + (1 - rate / top) * (height - MARGIN.top - MARGIN.bottom);
  const label = t("rate.label", { n: rates.length, last: shown(rates[rates.length - 1]), mean: shown(mean) });
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const rate of [0, top]) svg.append(line(rate, "axis"), word(MARGIN.left - 6, y(rate) + 4, `${Math.round(rate * 100)} %`, "end"));
  svg.append(line(mean, "mean"));
  svg.append(makeSvg("polyline", { points: rates.map((rate, index) => `${x(index).toFixed(1)},${y(rate).toFixed(1)}`).join(" ") }));
  rates.forEach((rate, index) => svg.append(makeSvg("circle", { cx: x(index).toFixed(1), cy: y(rate).toFixed(1), r: 3 })));
  const floor = height - 4;
  if (rates.length > 1 && width >= NARROW) svg.append(word(MARGIN.left, floor, t("rate.oldest", { n: rates.length - 1 }), "start"));
  svg.append(word(right, floor, t("rate.newest"), "end"));
  const [middle, anchor] = width >= NARROW ? [(MARGIN.left + right) / 2, "middle"] : [MARGIN.left, "start"];
  svg.append(word(middle, floor, t("rate.mean", { mean: shown(mean) }), anchor));
  box.append(svg);

  function line(rate, name) {
    return makeSvg("line", { class: name, x1: MARGIN.left, x2: right, y1: y(rate), y2: y(rate) });
  }
}

function shown(rate) {
  return `${percent(rate, 1)} %`;
}

function word(x, y, text, anchor) {
  const element = makeSvg("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}
