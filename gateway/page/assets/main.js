// Starts the page: login, event stream, and the parts of the page.

import { Adding } from "./adding.js";
import { get, logIn, logOut, post, whenLoggedOut } from "./api.js";
import { Detail } from "./detail.js";
import { byId, fill, make, notify, set, setText } from "./dom.js";
import { counted, rate, size } from "./format.js";
import { Limits } from "./limits.js";
import { Service } from "./service.js";
import { State } from "./state.js";
import { Stream } from "./stream.js";
import { Table } from "./table.js";

const KEEP_ALIVE_MS = 5 * 60 * 1000; // an open page is no idle session
const MAX_NAMES = 8;

const state = new State();
const table = new Table(state);
const detail = new Detail(state);
new Service(state);
new Adding(state);
let reached = true;
const stream = new Stream((kind, data) => state.apply(kind, data), (whether) => {
  reached = whether;
  drawBanner();
});

function showLogin() {
  stream.close();
  stream.forget();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  byId("app").hidden = true;
  byId("login").hidden = false;
  byId("username").focus();
}

function showApp() {
  byId("login").hidden = true;
  byId("app").hidden = false;
  stream.open();
}

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = byId("login-problem");
  problem.textContent = "";
  try {
    problem.textContent = await logIn(byId("username").value, byId("password").value);
  } catch (error) {
    problem.textContent = error.message;
  }
  if (problem.textContent) {
    byId("password").select();
    return;
  }
  byId("password").value = "";
  showApp();
  byId("main").focus();
});

byId("logout").addEventListener("click", async () => {
  try {
    await logOut();
    showLogin();
  } catch (error) {
    notify(error.message);
  }
});

// The daemon and the engine come and go. What is known of the torrents stays visible.
function drawBanner() {
  const { health, engine } = state;
  let text = "";
  if (!reached) text = "The gateway does not answer. The page shows the last known state, and tries again.";
  else if (!health.ready) text = "The daemon has not answered yet. Torrents are shown as soon as it does.";
  else if (health.away) text = "The daemon does not answer. The page shows the last known state.";
  else if (engine.state === "over_budget") text = "The engine has crashed too often. It is started again every five minutes. The torrents stay as they are.";
  else if (engine.state === "backing_off") text = "The engine has stopped and is started again. The torrents stay as they are.";
  else if (engine.state === "starting") text = "The engine is starting.";
  const banner = byId("banner");
  setText(banner, text);
  set(banner, "hidden", text === "");
}

function drawTotals() {
  const { totals } = state;
  if (!totals) return;
  setText(byId("total-down"), rate(totals.download_bps) || "0 B/s");
  setText(byId("total-up"), rate(totals.upload_bps) || "0 B/s");
  setText(byId("total-peers"), totals.peers.toLocaleString("en"));
  setText(byId("total-free"), size(totals.roots[0]?.free_bytes));
}

state.addEventListener("change", ({ detail: { kind } }) => {
  if (kind === "totals") drawTotals();
  if (kind === "health" || kind === "engine") drawBanner();
  if (kind === "categories") {
    const names = state.categories.map((each) => each.name).sort();
    fill(byId("set-category"), [["*", "Category …"], ["", "No category"], ...names.map((each) => [each, each])]);
  }
});

table.addEventListener("open", (event) => detail.open(event.detail));
table.addEventListener("select", () => {
  const rows = table.rows();
  for (const button of document.querySelectorAll(".toolbar button, .toolbar select")) set(button, "disabled", rows.length === 0);
  set(document.querySelector("[data-action=release]"), "hidden", !rows.some((row) => row.state === "quarantined"));
});

async function act(action, rows, order, done) {
  const torrents = rows.map((row) => row.torrent);
  if (!torrents.length) return;
  try {
    const { failed } = await post(`api/actions/${action}`, { torrents, ...order });
    const problems = Object.entries(failed);
    const right = torrents.length - problems.length;
    const first = problems.length ? `${state.torrents.get(problems[0][0])?.name ?? "A torrent"}: ${problems[0][1]}` : "";
    notify([right && `${counted(right, "torrent")} ${done}.`, first].filter(Boolean).join(" "));
  } catch (error) {
    notify(error.message);
  }
}

for (const [action, done] of [["pause", "paused"], ["resume", "resumed"], ["release", "released"]]) {
  document.querySelector(`[data-action=${action}]`).addEventListener("click", () => act(action, table.rows(), {}, done));
}
byId("set-category").addEventListener("change", async (event) => {
  const category = event.target.value;
  event.target.value = "*";
  await act("category", table.rows(), { category }, "changed");
});

const limits = new Limits((rows, order) => act("limits", rows, order, "limited"));
document.querySelector("[data-action=limits]").addEventListener("click", () => limits.open(table.rows()));

document.querySelector("[data-action=remove]").addEventListener("click", () => {
  const rows = table.rows();
  if (!rows.length) return;
  setText(byId("remove-title"), `Remove ${counted(rows.length, "torrent")}?`);
  const names = rows.slice(0, MAX_NAMES).map((row) => make("li", { textContent: row.name }));
  if (rows.length > MAX_NAMES) names.push(make("li", { textContent: `and ${rows.length - MAX_NAMES} more` }));
  byId("remove-names").replaceChildren(...names);
  byId("remove-form").reset();
  byId("remove-form").onsubmit = async () => {
    const deleted = new FormData(byId("remove-form")).get("files") === "delete";
    table.clearSelection();
    await act("remove", rows, { delete_files: deleted }, "removed");
  };
  byId("remove").showModal();
});

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  byId("search").focus();
});

whenLoggedOut(showLogin);
setInterval(() => byId("app").hidden || get("api/health").catch(() => {}), KEEP_ALIVE_MS);
try {
  await get("api/health");
  showApp();
} catch (error) {
  if (error.status !== 403) {
    showApp();
  }
}
