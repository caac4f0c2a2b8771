// Words, numbers and times in the language of the page.
import { TEXTS } from "/texts.js";

const COOKIE_S = 365 * 24 * 3600;
let language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

export function t(key, values = {}) {
  return TEXTS[key][language].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// The text of a message that carries both languages, as `<field>_en` and `<field>_zh`.
export function own(message, field) {
  return message[`${field}_${language}`] || message[`${field}_en`] || message[`${field}_zh`];
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  document.cookie = `okng_language=${language}; Path=/; Max-Age=${COOKIE_S}; SameSite=Strict`;
  applyLanguage();
}

export function applyLanguage() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  const other = document.getElementById("switch");
  other.lang = language === "zh" ? "en" : "zh-Hans";
  other.href = language === "zh" ? "/language/en" : "/language/zh";
}

// 1287 as 1 287: readable from afar, and the same in both languages.
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
}

// Cut, never rounded up: a station with one reject in ten thousand does not show 100 %.
export function percent(part, whole) {
  return (Math.floor((part / whole) * 1000 + 1e-9) / 10).toFixed(1);
}

// Two digits, or three where two would hide on which side of a limit the score lies.
export function scoreText(score, limits) {
  if (score === null) return "–";
  const close = limits.some((limit) => limit !== null && limit.toFixed(2) === score.toFixed(2));
  return score.toFixed(close ? 3 : 2);
}

export function clock(utc, seconds = false) {
  const date = new Date(utc);
  if (Number.isNaN(date.getTime())) return "–";
  const two = (number) => String(number).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return seconds ? `${time}:${two(date.getSeconds())}` : time;
}
