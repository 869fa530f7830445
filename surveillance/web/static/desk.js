// Keys and theme of the desk. Everything works without it; nothing is written as markup.

const remembered = {
  get(store, key) {
    try {
      return store.getItem(key);
    } catch {
      return null;
    }
  },
  set(store, key, value) {
    try {
      store.setItem(key, value);
    } catch {
      // Storage may be refused: the choice then lasts for this page.
    }
  },
};

function startTheme() {
  const control = document.getElementById("theme");
  const root = document.documentElement;
  const buttons = [...control.querySelectorAll("button")];
  const show = (choice) => {
    if (choice === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = choice;
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.choice === choice));
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      remembered.set(localStorage, "theme", button.dataset.choice);
      show(button.dataset.choice);
    });
  }
  show(root.dataset.theme ?? "system");
  control.hidden = false;
}

function rowLinks() {
  return [...document.querySelectorAll("[data-row]")]
    .map((row) => row.querySelector("a[href]"))
    .filter((link) => link !== null);
}

function move(step) {
  const links = rowLinks();
  if (links.length === 0) {
    return;
  }
  const row = document.activeElement?.closest("[data-row]");
  const current = links.findIndex((link) => link.closest("[data-row]") === row);
  const next = current < 0 ? 0 : Math.min(Math.max(current + step, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
}

// Coming back to the list puts the focus on the row that was left.
function startReturning() {
  if (location.pathname !== "/") {
    const from = remembered.get(sessionStorage, "list");
    for (const link of document.querySelectorAll("a[data-back]")) {
      if (from !== null && from.startsWith("/?")) {
        link.href = from;
      }
    }
    return;
  }
  const here = location.pathname + location.search;
  if (remembered.get(sessionStorage, "list") === here) {
    const left = remembered.get(sessionStorage, "row");
    const link = rowLinks().find((one) => one.getAttribute("href") === left);
    link?.focus();
  }
  remembered.set(sessionStorage, "list", here);
  for (const link of rowLinks()) {
    link.addEventListener("click", () => {
      remembered.set(sessionStorage, "row", link.getAttribute("href"));
    });
  }
}

function startKeys() {
  const dialog = document.getElementById("keys");
  const isOn = document.getElementById("keys-on");
  const opener = document.getElementById("keys-open");
  isOn.checked = remembered.get(localStorage, "keys") !== "off";
  isOn.addEventListener("change", () => {
    remembered.set(localStorage, "keys", isOn.checked ? "on" : "off");
  });
  opener.addEventListener("click", () => dialog.showModal());
  opener.hidden = false;

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    u: () => document.querySelector("a[data-back]")?.click(),
    "/": () => {
      const field = document.querySelector("[data-search]");
      field?.focus();
      field?.select();
      return field !== null;
    },
    "?": () => dialog.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea") !== null;
    if (event.key === "Escape" && isTyping) {
      event.target.blur();
      return;
    }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isOn.checked || dialog.open || isTyping || !isPlain) {
      return;
    }
    if (Object.hasOwn(actions, event.key) && actions[event.key]() !== false) {
      event.preventDefault();
    }
  });
}

startTheme();
startReturning();
startKeys();
