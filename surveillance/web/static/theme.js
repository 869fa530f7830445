// Sets the chosen theme before the first paint; loaded as a blocking classic script.
"use strict";
(() => {
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
