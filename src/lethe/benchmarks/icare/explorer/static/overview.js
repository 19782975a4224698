// What is read first: findings, the worst pairs as pictures, methods with intervals, checks, terms.
"use strict";

const SIGNS = { "does not hold": "\u2715", "holds with a doubt": "\u25d0", "not measured": "\u25cb", holds: "\u25cf" };
const SEEDS = 6; // of a worst pair; the open cell shows all

function showOverview(section, overview, task, openCell) {
  const tally = Object.entries(SIGNS).map(([verdict, sign]) => [sign, verdict, overview.checks.filter((check) => check.verdict === verdict).length]).filter(([, , count]) => count);
  const jump = (event) => {
    event.preventDefault(); // the address is the state of the page
    document.getElementById("checks").scrollIntoView();
  };
  const found = titled("found", "What was found",
    el("ul", { class: "found" }, overview.findings.map(({ headline, detail, hoped }) => el("li", { class: hoped ? "hoped" : "feared" }, el("strong", {}, headline), ` ${detail}`))),
    el("p", { class: "tally" }, tally.length ? el("a", { href: "#checks", onclick: jump }, tally.map(([sign, verdict, count]) => `${sign} ${count} ${verdict}`).join("   ")) : "The demo computes no check of this."));
  const methods = titled("compared", "Methods", methodTable(overview.table),
    el("p", { class: "hint" }, "[low, high] is a 95 % interval: the thick part of a line. The mark across it is the target; a diamond misses it. Grey: a reference. Headings sort."));
  const terms = titled("terms", "Terms", el("dl", {}, Object.entries(overview.terms).map(([term, meaning]) => el("div", {}, el("dt", {}, term), el("dd", {}, meaning)))));
  const worst = task && overview.worst ? worstPairs(overview.worst, task, openCell) : null;
  section.replaceChildren(...[
    worst ? el("div", { class: "beside" }, el("div", {}, found, methods), worst) : [el("div", { class: "beside" }, found, terms), methods],
    overview.checks.length ? titled("checks", "Checks, worst first", checkTable(overview.checks)) : "",
    worst ? terms : "",
  ].flat());
}

function titled(id, title, ...content) {
  return el("section", { "aria-labelledby": id }, el("h2", { id }, title), content);
}

function worstPairs({ metric, pairs, harmless }, task, openCell) {
  const place = task.metrics.findIndex(({ name }) => name === metric);
  const what = task.metrics[place];
  const one = ({ method: name, emitter, receiver, value }) => {
    const method = task.methods.findIndex((other) => other.name === name);
    const { label } = task.methods[method];
    const [from, to, run] = [task.entityName(emitter), task.entityName(receiver), task.run(method, emitter)];
    const seeds = task.seeds.slice(0, SEEDS);
    const row = (text, of, said) => el("tr", {}, el("th", { scope: "row" }, text), seeds.map((seed) => el("td", {}, thumb(task, of, receiver, seed, 64, `${said}, seed ${seed}`))));
    return el("article", { class: "worst", "data-method": name },
      el("h3", {}, `${label} forgot ${from}. Asked for ${to}:`),
      el("table", {}, el("tbody", {}, row("before", task.base, `before: the base asked for ${to}`), row("after", run, `after ${label} forgot ${from}, asked for ${to}`))),
      el("p", {}, `${what.label}: ${task.shown(place, value)}; two seeds of the base differ by ${task.range(place)}. `,
        el("button", { class: "link", "aria-label": `Every seed and number: ${label}, ${from}, ${to}`, onclick: () => openCell(emitter, receiver, method, place) }, "Every seed and number")));
  };
  const none = harmless.length ? ` No pair is harmed by ${harmless.join(", ")}.` : "";
  return titled("worst", "The worst harmed pair of every method",
    el("p", { class: "hint" }, `Chosen by rule: of the harmed pairs of a method, the one that lost most (${what.label}). A bad case, not a typical one. The first ${Math.min(SEEDS, task.seeds.length)} of ${task.seeds.length} seeds.${none}`),
    pairs.map(one));
}

// A table whose headings sort; rows of a group stay together.
function methodTable({ group, columns, rows }) {
  const groups = [...new Set(rows.map((row) => row.group))];
  const bodies = groups.map((name) => el("tbody", {},
    group === null ? null : el("tr", { class: "group" }, el("th", { colspan: columns.length + 1, scope: "colgroup" }, name)),
    rows.filter((row) => row.group === name).map((row) => el("tr", { class: row.reference ? "reference" : "", "data-method": row.name },
      el("th", { scope: "row", "data-value": row.name }, row.name, row.means ? el("span", { class: "hint" }, row.means) : null),
      row.cells.map((cell, place) => el("td", { "data-value": cell.value ?? "", "data-label": columns[place].label }, el("span", {}, cell.text), interval(cell, columns[place], row.reference)))))));
  const heading = (label, hint, place) => {
    const head = el("th", { scope: "col" }, el("button", { class: "sort", onclick: () => sortBy(head, place, bodies) }, label), hint ? el("span", { class: "hint" }, hint) : null);
    return head;
  };
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Methods, a table" }, el("table", { class: "methods" },
    el("thead", {}, el("tr", {}, heading("Method", "", 0), columns.map(({ label, hint }, place) => heading(label, hint, place + 1)))), bodies));
}

function sortBy(head, place, bodies) {
  const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
  const key = (row) => row.cells[place].dataset.value;
  const compared = (a, b) => (place === 0 ? a.localeCompare(b, "en") : a - b);
  for (const body of bodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
    rows.sort((a, b) => (key(a) === "") - (key(b) === "") || way * compared(key(a), key(b))); // what is not known comes last
    body.append(...rows);
  }
}

// A value and its interval on a line; the mark across it is the target.
function interval({ value, low, high }, column, reference) {
  if (value === null) return null;
  const at = (number) => `${100 * Math.min(1, Math.max(0, number / column.high))}%`;
  const line = el("div", { class: "line", "aria-hidden": "true" });
  const add = (name, left, right = null) => {
    const node = el("span", { class: name });
    node.style.left = at(left);
    if (right !== null) node.style.right = `calc(100% - ${at(right)})`;
    line.append(node);
  };
  if (low !== null) add("interval", low, high);
  if (column.target !== null) add("target", column.target);
  const missed = !reference && column.target !== null && (column.better === "low" ? value > column.target : column.better === "high" && value < column.target);
  add(missed ? "point missed" : "point", value);
  return line;
}

function checkTable(checks) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Checks, a table" }, el("table", { class: "checks" },
    el("thead", {}, el("tr", {}, cells("th", ["Verdict", "What is checked", "Target", "Measured"], { scope: "col" }))),
    el("tbody", {}, checks.map(({ verdict, claim, target, value, doubt, how }) => el("tr", { class: verdict.replaceAll(" ", "-") },
      el("td", { class: "sign" }, el("span", { "aria-hidden": "true" }, `${SIGNS[verdict]} `), verdict), el("td", {}, claim), el("td", { "data-label": "Target" }, target),
      el("td", { "data-label": "Measured" }, value, el("span", { class: "hint" }, ` ${doubt ? `Doubt: ${doubt}. ` : ""}${how}`)))))));
}

function overviewTable({ columns, rows }) {
  const names = columns.flatMap(({ label }) => [label, `${label}, low`, `${label}, high`]);
  return [["method", "group", "reference", ...names], ...rows.map((row) => [row.name, row.group ?? "", row.reference ? "yes" : "no", ...row.cells.flatMap(({ value, low, high }) => [value, low, high])])];
}
