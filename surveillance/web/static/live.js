// The copiers' pages: what stands in #live is read again every two seconds, commands are asked
// about and sent. Nothing is written as markup: a fresh page is parsed by the browser and the old
// one brought to it node by node, so that focus, selection and scrolling stay.

const EVERY_MS = 2_000;
const PATIENCE_MS = 10_000;
const live = document.getElementById("live");
const said = document.getElementById("said");
const ask = document.getElementById("ask");

function say(text, isAlarm) {
  said.textContent = text;
  said.classList.toggle("alarm", isAlarm);
}

// XMLHttpRequest, because it parses without running anything; fetch gives text only.
function readPage() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = PATIENCE_MS;
    request.onload = () => {
      const fresh = request.responseXML?.getElementById("live");
      if (request.status === 200 && fresh) {
        resolve(fresh);
      } else {
        reject(new Error(`the server answered ${request.status}`));
      }
    };
    request.onerror = () => reject(new Error("the server does not answer"));
    request.ontimeout = request.onerror;
    request.send();
  });
}

function bringAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
}

function bring(old, fresh) {
  if (old.isEqualNode(fresh)) {
    return;
  }
  if (old.nodeName !== fresh.nodeName || old.nodeType !== fresh.nodeType) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  bringAttributes(old, fresh);
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  for (const [place, child] of after.entries()) {
    if (place < before.length) {
      bring(before[place], child);
    } else {
      old.append(document.importNode(child, true));
    }
  }
  for (const child of before.slice(after.length)) {
    child.remove();
  }
}

let isLost = false;
async function refresh() {
  try {
    bring(live, await readPage());
    if (isLost) {
      say("", false);
    }
    isLost = false;
  } catch (error) {
    isLost = true;
    say(`Not refreshed: ${error.message}. What is shown is old.`, true);
  }
}

async function refreshForEver() {
  if (!document.hidden) {
    await refresh();
  }
  setTimeout(refreshForEver, EVERY_MS);
}

async function send(url, body, key) {
  const headers = { "content-type": "application/json" };
  if (key !== null) {
    headers["idempotency-key"] = key;
  }
  const answer = await fetch(url, { method: "POST", headers, body });
  const content = await answer.json();
  if (!answer.ok) {
    throw new Error(content.detail);
  }
  return content;
}

async function command(body, key) {
  try {
    const taken = await send(ask.dataset.url, body, key);
    const when = taken.status === "running" ? "" : " It waits until the copier runs.";
    say(`Command ${taken.command_id} is sent.${when}`, false);
  } catch (error) {
    say(`The command was not taken: ${error.message}`, true);
  }
  await refresh();
}

// One key a question: pressed twice, it is one command.
let asked = null;
function startAsking() {
  const choice = document.getElementById("ask-choice");
  const form = ask.querySelector("form");
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-ask]");
    if (!button) {
      return;
    }
    asked = { body: button.dataset.body, key: crypto.randomUUID() };
    document.getElementById("ask-title").textContent = button.dataset.title;
    document.getElementById("ask-text").textContent = button.dataset.text;
    document.getElementById("ask-confirm").textContent =
      button.dataset.confirm ?? button.textContent;
    choice.hidden = button.dataset.choice === undefined;
    ask.showModal();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "confirm" && asked !== null) {
      const chosen = choice.hidden ? asked.body : new FormData(form).get("body");
      command(chosen, asked.key);
    }
    asked = null;
  });
}

function startVerifying() {
  const button = document.querySelector("[data-post]");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    say(button.dataset.busy, false);
    try {
      const checked = await send(button.dataset.post, "{}", null);
      say(checked.report === null ? "The plan is refused." : "The plan is verified.", false);
    } catch (error) {
      say(`Not verified: ${error.message}`, true);
    }
    button.disabled = false;
    await refresh();
  });
}

if (ask !== null) {
  startAsking();
  startVerifying();
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    refresh();
  }
});
setTimeout(refreshForEver, EVERY_MS);
