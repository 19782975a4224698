// an answer that was made after this page says so: to_answer_*.js calls this (and it is no error if there is none)
window.lethe = {
  link: function (text, address) {
    const link = document.createElement('a');
    link.href = address;
    link.textContent = '\u2190 ' + text;
    document.getElementById('back').append(link, ' \u00b7 ');
  },
};
const rows = Array.from(document.querySelectorAll('#t tbody tr'));
const filter = document.getElementById('filter');
filter.oninput = function () {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach(function (row) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(function (word) { return text.includes(word); });
    shown += row.hidden ? 0 : 1;
  });
  document.getElementById('count').textContent = shown + ' of ' + rows.length + ' rows';
};
function compared(a, b, column) {
  const left = a.cells[column], right = b.cells[column];
  if (!left.textContent || !right.textContent) return (left.textContent ? 0 : 1) - (right.textContent ? 0 : 1);
  if (left.dataset.v && right.dataset.v) return left.dataset.v - right.dataset.v;
  return left.textContent.localeCompare(right.textContent, 'en', { numeric: true });
}
document.querySelectorAll('#t thead th').forEach(function (th, column) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...th.childNodes);
  th.append(button);
  button.onclick = function () {
    const way = th.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    document.querySelectorAll('#t thead th').forEach(function (other) { other.removeAttribute('aria-sort'); });
    th.setAttribute('aria-sort', way > 0 ? 'ascending' : 'descending');
    rows.sort(function (a, b) { return way * compared(a, b, column); });
    rows.forEach(function (row) { row.parentNode.append(row); });
  };
});
// on paper headings stand on every page, but a browser repeats none with buttons
const heads = Array.from(document.querySelectorAll('#t thead th'), function (th) { return [th, th.firstElementChild]; });
addEventListener('beforeprint', function () {
  heads.forEach(function ([th, button]) { th.replaceChildren(...button.childNodes); });
});
addEventListener('afterprint', function () {
  heads.forEach(function ([th, button]) {
    button.append(...th.childNodes);
    th.append(button);
  });
});
