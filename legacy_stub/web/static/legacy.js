// Small comforts; every page works without them.

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source); // no clipboard on plain http: the keyboard can
    }
  });
}

for (const form of document.querySelectorAll("[data-submit-on-change]")) {
  const output = form.querySelector("output");
  form.addEventListener("input", (event) => { output.textContent = `${event.target.value}%`; });
  form.addEventListener("change", () => form.requestSubmit());
}

async function refresh(shown) {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-live]");
    if (fresh && fresh.innerHTML !== shown.innerHTML) shown.innerHTML = fresh.innerHTML;
  } catch { /* away for the moment; the next look may find it */ }
}

const live = document.querySelector("[data-live]");
if (live) setInterval(() => { if (!document.hidden) refresh(live); }, 2000);
