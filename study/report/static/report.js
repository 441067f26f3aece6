// A button that opens all that is folded on a page, where anything is. Without
// scripts each fold still opens by itself.
'use strict';
(function () {
  var folds = document.querySelectorAll('details.fold, details.file');
  var tools = document.querySelector('.tools');
  if (!folds.length || !tools) { return; }
  var button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Open all that is folded';
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', function () {
    var open = button.getAttribute('aria-pressed') === 'false';
    folds.forEach(function (fold) { fold.open = open; });
    button.setAttribute('aria-pressed', String(open));
  });
  tools.appendChild(button);
  tools.hidden = false;
})();
