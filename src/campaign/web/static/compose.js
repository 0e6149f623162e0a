// What would leave, and how long it is, while somebody types. Without this file the button "check" does the same.
const form = document.getElementById("compose");
const place = document.getElementById("preview");
let timer = 0;
let asked = 0;

async function look() {
  const data = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") data.append(name, value); // files wait for the button
  }
  data.set("act", "preview");
  const mine = ++asked;
  try {
    const answer = await fetch(form.action || location.href, { method: "POST", body: data, credentials: "same-origin" });
    const text = await answer.text();
    if (mine === asked && answer.ok) place.innerHTML = text; // our own page, escaped where it was made
  } catch {
    // the desk does not answer: what stands there stays
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(look, 400);
});
document.getElementById("errors")?.focus();
