// Sets the chosen theme, and that scripts run, before the first paint: a blocking classic script.
"use strict";
(() => {
  document.documentElement.dataset.script = "on";
  let choice = "system";
  try {
    choice = localStorage.getItem("theme") || "system";
  } catch {
    // Storage may be refused: follow the system.
  }
  if (choice === "light" || choice === "dark") {
    document.documentElement.dataset.theme = choice;
  }
})();
