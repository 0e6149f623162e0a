// How long the text is, and what is to be said of it, while somebody types. Without this file "check" does the same.
const form = document.getElementById("edit");
const said = document.getElementById("said");
let timer = 0;
let asked = 0;
let composing = false; // a Korean syllable is being put together: what stands there is not yet what is meant
let over = "";

async function look() {
  const data = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") data.append(name, value); // files wait for the button
  }
  data.set("act", "preview");
  const mine = ++asked;
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked || !answer.ok || composing) return;
    for (const part of page.querySelectorAll("[data-for]")) {
      // our own page, escaped where it was made
      document.getElementById(part.dataset.for)?.replaceChildren(...part.childNodes);
    }
  } catch {
    return; // the desk does not answer: what stands there stays
  }
  const long = [...document.querySelectorAll("#counts .s-failed")].map((one) => one.textContent.trim()).join(", ");
  if (long !== over) said.textContent = long || said.dataset.good; // told once, not at every letter
  over = long;
}

function wait() {
  clearTimeout(timer);
  if (!composing) timer = setTimeout(look, 400);
}

form.addEventListener("compositionstart", () => {
  composing = true;
  clearTimeout(timer);
});
form.addEventListener("compositionend", () => {
  composing = false;
  wait();
});
form.addEventListener("input", (event) => {
  if (!event.isComposing) wait();
});

for (const button of form.querySelectorAll("button[data-from]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const box = document.getElementById(button.dataset.into);
    box.focus();
    box.select();
    // as if typed, so that it can be undone
    if (!document.execCommand("insertText", false, document.getElementById(button.dataset.from).textContent)) {
      box.value = document.getElementById(button.dataset.from).textContent;
      wait();
    }
  });
}
(document.getElementById("theirs") ?? document.getElementById("errors"))?.focus();
