// The state of the page, kept in its address: choices, views, keyboard.
"use strict";

const $ = (id) => document.getElementById(id);
const EXPLANATIONS = {
  matrix: "Each row is an entity that was unlearned, each column an entity that was asked for afterwards. The outlined diagonal is the entity itself, where change is the aim; "
    + "everywhere else change is interference. Choose a cell to see the pictures behind it.",
  entity: "One entity: what it is, what unlearning it does to others, what unlearning others does to it, and who is like it.",
  methods: "One entity unlearned by every method, and what each then draws for every entity asked for, worst first. A good method changes the first row only.",
};
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
let plot, task, state;

async function start() {
  plot = new MatrixPlot($("cells"));
  document.title = `Lethe explorer: ${lethe.about.name}`;
  document.querySelector("h1").textContent = document.title;
  options($("task"), lethe.about.tasks.map((name) => [name, name]));
  listen();
  const wanted = new URLSearchParams(location.hash.slice(1));
  const { tasks } = lethe.about;
  const asked = wanted.get("task");
  const first = tasks.includes(asked) ? [asked] : []; // a link comes from anybody, and a task is a script that is loaded
  for (const name of [...first, ...tasks.filter((other) => other !== asked)]) {
    if (await choose(name, wanted)) {
      if (asked !== null && !first.length) say(`This page has no task "${asked}". It has: ${tasks.join(", ")}.`);
      performance.mark("shown"); // the time since the page was opened, for the tests
      return;
    }
  }
  say(`No task of this page has data. Make one: snakemake -c2 results/${lethe.about.name}/explorer/${lethe.about.tasks[0]}`);
}

// Load a task and show it; false if this run did not make its data.
async function choose(name, wanted = new URLSearchParams()) {
  try {
    await lethe.load(`${name}/data.js`);
  } catch {
    say(`This run holds no data of ${name}. Make it: snakemake -c2 results/${lethe.about.name}/explorer/${name}`);
    if (task) $("task").value = task.name;
    return false;
  }
  if (!wanted.size) say("");
  const before = state && { method: task.methods[state.method].name, metric: task.metrics[state.metric].name, view: state.view };
  task = lethe.tasks.get(name);
  const place = (list, key, otherwise) => {
    const found = list.findIndex((entry) => entry.name === (wanted.get(key) ?? before?.[key]));
    return found < 0 ? Math.max(0, otherwise) : found;
  };
  const entity = (key, otherwise) => (/^\d+$/.test(wanted.get(key) ?? "") && Number(wanted.get(key)) < task.size ? Number(wanted.get(key)) : otherwise);
  const modelled = Math.max(0, task.entities.findIndex((_, index) => task.methods.some((_method, method) => task.has(method, index))));
  state = {
    view: Object.keys(EXPLANATIONS).includes(wanted.get("view")) ? wanted.get("view") : (before?.view ?? "matrix"),
    method: place(task.methods, "method", task.methods.findIndex((method) => method.reference !== "unchanged")),
    metric: place(task.metrics, "metric", 0),
    similarity: task.similarities.length ? place(task.similarities, "similarity", task.similarities.findIndex((kind) => kind.order)) : null,
    emitter: entity("emitter", modelled),
    receiver: entity("receiver", Math.min(1, task.size - 1)),
    entity: entity("entity", modelled),
    seed: task.seeds.includes(Number(wanted.get("seed"))) ? Number(wanted.get("seed")) : task.seeds[0],
    open: wanted.get("open") === "yes",
    names: task.size <= 40,
    order: "index",
  };
  fill();
  if ([...$("order").options].some((option) => option.value === wanted.get("order"))) state.order = wanted.get("order");
  $("task").value = name;
  show();
  return true;
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => el("option", { value }, text)));
}

function fill() {
  options($("method"), task.methods.map(({ label }, place) => [place, label]));
  options($("metric"), task.metrics.map(({ label }, place) => [place, label]));
  options($("entity"), task.entities.map((_, index) => [index, `${index} ${task.entityName(index)}`]));
  options($("similarity"), task.similarities.map(({ label }, place) => [place, label]));
  options($("seed"), task.seeds.map((seed) => [seed, seed]));
  const attributes = Object.keys(task.entities[0]).filter((key) => key !== "index");
  const group = (label, entries) => el("optgroup", { label }, entries.map(([value, text]) => el("option", { value }, text)));
  const clustered = task.similarities.flatMap((kind, place) => (kind.order ? [[`similarity:${place}`, `clusters: ${kind.label}`]] : []));
  $("order").replaceChildren(el("option", { value: "index" }, "index"),
    group("an attribute", attributes.map((key) => [`attribute:${key}`, `attribute: ${key.replaceAll("_", " ")}`])), group("clusters of a similarity", clustered));
}

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

// --- drawing ------------------------------------------------------------------------------------------------------

function show() {
  for (const key of ["method", "metric", "order", "entity", "similarity", "seed"]) if (state[key] !== null) $(key).value = state[key];
  $("names").checked = state.names;
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    tab.setAttribute("aria-selected", tab.dataset.view === state.view);
    tab.tabIndex = tab.dataset.view === state.view ? 0 : -1;
  }
  $("main").setAttribute("aria-labelledby", `tab-${state.view}`);
  for (const control of document.querySelectorAll("[data-for]")) control.hidden = !control.dataset.for.split(" ").includes(state.view);
  $("explanation").textContent = EXPLANATIONS[state.view];
  $("matrix").hidden = state.view !== "matrix";
  $("entity-view").hidden = state.view !== "entity";
  $("methods").hidden = state.view !== "methods";
  if (state.view === "matrix") showMatrix();
  if (state.view === "entity") showEntity($("entity-view"), task, state, openCell, (entity) => change({ entity }));
  if (state.view === "methods") showMethods($("methods"), task, state, openCell);
  remember();
}

function showMatrix() {
  plot.draw(task, state.method, state.metric, ordered(task, state.order), state, state.names);
  read(state);
  const what = task.metrics[state.metric];
  const context = $("scale").getContext("2d");
  const image = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) image.data.set([...what.lut.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  context.putImageData(image, 0, 0);
  $("low").textContent = shown(what.low);
  $("high").textContent = shown(what.high);
  $("direction").textContent = `${what.title}; ${what.higher_is_healthier ? "higher" : "lower"} is healthier, ${shown(what.unchanged)}: nothing changed. Grey: no model. The ends of the scale hold what lies beyond.`;
  $("cell").hidden = !state.open;
  if (state.open) {
    showCell($("cell"), task, state, closeCell).catch((error) => say(`The numbers of this cell cannot be read: ${error.message}.`));
  }
}

// One line about a pair, also for a screen reader.
function read({ emitter, receiver }) {
  const value = task.value(state.method, state.metric, emitter, receiver);
  const { label } = task.methods[state.method];
  const what = task.metrics[state.metric];
  const pair = emitter === receiver ? `${label} unlearned ${task.entityName(emitter)}, asked for it` : `${label} unlearned ${task.entityName(emitter)}, asked for ${task.entityName(receiver)}`;
  const verdict = task.verdict(state.method, emitter, receiver);
  const words = `${what.label} ${shown(value)}${what.unit ? ` (${what.unit})` : ""}${verdict ? `; verdict: ${verdict}` : ""}`;
  $("readout").textContent = Number.isNaN(value) ? `${pair}: no model.` : `${pair}: ${words}.`;
}

function remember() {
  const { view, order, emitter, receiver, entity, seed, open } = state;
  const names = { task: task.name, view, method: task.methods[state.method].name, metric: task.metrics[state.metric].name, order, emitter, receiver, entity, seed };
  if (state.similarity !== null) names.similarity = task.similarities[state.similarity].name;
  if (open) names.open = "yes";
  history.replaceState(null, "", `#${new URLSearchParams(names)}`);
}

// --- acting -------------------------------------------------------------------------------------------------------

function change(changes) {
  Object.assign(state, changes);
  show();
}

function openCell(emitter, receiver, method = state.method) {
  change({ view: "matrix", emitter, receiver, method, open: true });
  $("cells").focus();
}

function closeCell() {
  change({ open: false });
  $("cells").focus();
}

function save() {
  const what = `${task.name}_${task.metrics[state.metric].name}`;
  const method = task.methods[state.method].name;
  if (state.view === "matrix") download(`matrix_${what}_${method}.csv`, matrixTable(task, state.method, state.metric, ordered(task, state.order)));
  if (state.view === "entity") download(`entity_${what}_${method}_${state.entity}.csv`, entityTable(task, state));
  if (state.view === "methods") download(`methods_${what}_${state.entity}.csv`, methodsTable(task, state));
}

function listen() {
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("task").addEventListener("change", () => choose($("task").value));
  for (const key of ["method", "metric", "entity", "similarity", "seed"]) $(key).addEventListener("change", () => change({ [key]: Number($(key).value) }));
  $("order").addEventListener("change", () => change({ order: $("order").value }));
  $("names").addEventListener("change", () => change({ names: $("names").checked }));
  $("download").addEventListener("click", save);
  for (const tab of document.querySelectorAll('[role="tab"]')) tab.addEventListener("click", () => task && change({ view: tab.dataset.view }));
  $("views").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll('[role="tab"]')];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  const canvas = $("cells");
  canvas.addEventListener("mousemove", (event) => read(plot.at(event) ?? state));
  canvas.addEventListener("mouseleave", () => read(state));
  canvas.addEventListener("click", (event) => {
    const pair = plot.at(event);
    if (pair) change({ ...pair, open: true });
  });
  canvas.addEventListener("keydown", (event) => {
    if (KEYS[event.key]) change(plot.step(state, ...KEYS[event.key]));
    else if (event.key === "Enter") change({ open: true });
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", () => location.reload()); // a link was pasted over the address
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && task && state.view === "matrix" && state.open) closeCell();
  });
}
