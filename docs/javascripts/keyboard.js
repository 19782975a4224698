// The keyboard reaches what scrolls: code and wide tables. The theme wraps tables and adds buttons to code while the page loads.
addEventListener('load', function () {
  document.querySelectorAll('.md-typeset__scrollwrap, .md-typeset pre > code').forEach(function (box) {
    box.tabIndex = 0;
  });
  // a dialog has a name
  document.querySelector('.md-search').setAttribute('aria-label', 'Search');
  // a button that copies is no landmark of the page
  document.querySelectorAll('.md-code__nav').forEach(function (buttons) {
    buttons.setAttribute('role', 'none');
  });
});
