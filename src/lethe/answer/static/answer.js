// inside the report the page has no neighbours that a link could lead to
if (!/^(file|https?):$/.test(location.protocol)) document.querySelector('nav').remove();
// an explorer that was made after this page says so: explorer/links_*.js calls this (and it is no error if there is none)
window.lethe = { link: function () { const link = document.getElementById('explorer'); if (link) link.hidden = false; } };
document.querySelectorAll('#mt th[data-s]').forEach(function (th) {
  var button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'sort';
  button.setAttribute('aria-label', 'sort by ' + th.firstChild.textContent);
  th.appendChild(button);
  button.onclick = function () {
    var column = th.cellIndex, way = th.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    document.querySelectorAll('#mt th').forEach(function (other) { other.removeAttribute('aria-sort'); });
    th.setAttribute('aria-sort', way > 0 ? 'ascending' : 'descending');
    document.querySelectorAll('#mt tbody').forEach(function (body) {
      Array.from(body.rows).slice(1).sort(function (a, b) {
        return way * (a.cells[column].dataset.v - b.cells[column].dataset.v);
      }).forEach(function (row) { body.appendChild(row); });
    });
  };
});
