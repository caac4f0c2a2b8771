// The change of recipe: choose or scan, confirm, wait, and hear what came of it.
import { call, newName, signedOut, start, words } from "./actions.js";
import { byId, make, setText } from "./dom.js";
import { t } from "./text.js";

let running = null;
let rows = [];
// What the next press asks for; null while a recipe is still to be chosen.
let choice = null;

export function showRecipe(status, silent) {
  running = status;
  const button = byId("change");
  if (button !== null) button.hidden = status === null || silent;
}

function step(name, said) {
  const dialog = byId("recipes");
  dialog.className = name;
  setText("recipe-says", said);
  byId("recipe-go").textContent = t(name === "is-said" ? "recipe.yes" : "recipe.next");
  byId("recipe-go").disabled = byId("recipe-close").disabled = false;
}

async function open() {
  const answer = await call("GET", "/recipes");
  if (signedOut(answer)) return;
  rows = answer === null || answer.status !== 200 ? [] : answer.said.recipes;
  byId("recipe-list").replaceChildren(byId("recipe-list").firstElementChild, ...rows.map(row));
  choice = null;
  step("", answer === null || answer.status !== 200 ? words(answer) : "");
  byId("code").value = "";
  if (!byId("recipes").open) byId("recipes").showModal();
  byId("code").focus();
}

function row(recipe) {
  const here = running !== null && recipe.id === running.recipe_id && recipe.version === running.recipe_version;
  const pick = make("input", { type: "radio", name: "recipe", value: recipe.id });
  const text = t("recipe.row", recipe) + (here ? ` – ${t("recipe.running")}` : "");
  return make("label", {}, pick, make("span", {}, text));
}

function chosen() {
  const code = byId("code").value.trim();
  if (code) return { name: code, body: { code } };
  const picked = document.querySelector("#recipe-list input:checked");
  const recipe = picked && rows.find((one) => one.id === picked.value);
  return recipe ? { name: recipe.name, body: { id: recipe.id, version: recipe.version } } : null;
}

async function change() {
  step("is-said", t("recipe.loading", choice));
  byId("recipe-go").disabled = byId("recipe-close").disabled = true;
  const body = { request_id: newName(), ...choice.body };
  // A lost answer is asked for again under the same name: the station never changes twice for it.
  const answer = (await call("POST", "/recipe", body)) ?? (await call("POST", "/recipe", body));
  if (signedOut(answer)) {
    byId("recipes").close();
    return;
  }
  const done = answer !== null && answer.said.recipe;
  step("is-said is-over", done ? t("recipe.done", done) : words(answer));
  byId("recipe-close").focus();
}

function press() {
  if (choice !== null) {
    change();
    return;
  }
  choice = chosen();
  if (choice === null) setText("recipe-says", t("recipe.none"));
  else if (choice.body.code) change();
  else {
    step("is-said", t("recipe.sure", { before: running === null ? "–" : running.recipe_name, after: choice.name }));
    byId("recipe-go").focus();
  }
}

if (byId("change") !== null) {
  byId("change").addEventListener("click", () => start(open));
  byId("recipe-close").addEventListener("click", () => byId("recipes").close());
  byId("recipe-form").addEventListener("submit", (event) => {
    event.preventDefault();
    press();
  });
}
