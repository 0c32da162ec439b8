// The open page follows what changes. Without this script every page works; it is only as old as its last loading.
//
// The server says in <main data-after data-places> up to which message of the feed the page was drawn and which places it
// shows. We listen from exactly there, so nothing that happened between drawing and listening is missed. A message that touches
// the page makes us fetch it again and replace only the parts that differ: nothing moves, no fold closes, no field is emptied.
(function () {
  "use strict";
  const POLL = 15000, APART = 700, SILENT = 5000, AGAIN = 2000;
  let source = null, polling = 0, last = null, waiting = 0, fetching = false, again = false, fetchedAt = 0;

  const main = () => document.getElementById("content");
  const places = () => new Set((main().dataset.places || "").split(" ").filter(Boolean));

  function state(name) {
    const line = document.getElementById("live-state");
    if (!line) return;
    line.classList.toggle("on", name === "live");
    line.classList.toggle("lost", name === "lost");
    const text = line.dataset[name];
    if (text && line.textContent !== text) line.textContent = text;
  }

  function touched(message) {
    try {
      const shown = places();
      return JSON.parse(message.data).places.some((place) => shown.has(place));
    } catch (error) {
      return true;
    }
  }

  function soon() {
    if (waiting) return;
    const wait = Math.max(0, fetchedAt + APART - Date.now());
    waiting = setTimeout(() => { waiting = 0; refresh(); }, wait);
  }

  async function refresh() {
    if (fetching) { again = true; return; }
    fetching = true;
    fetchedAt = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin", cache: "no-store" });
      if (answer.ok) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"));
        state(polling ? "poll" : "live");
      }
    } catch (error) {
      state("lost");
      setTimeout(soon, AGAIN); // what was missed is still owed
    } finally {
      fetching = false;
      if (again) { again = false; soon(); }
    }
  }

  // Whether the reader is in the middle of something inside this part.
  const busy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

  function put(fresh) {
    const next = fresh.getElementById("content");
    if (!next) return;
    main().dataset.after = next.dataset.after || "";
    for (const part of document.querySelectorAll("[data-part]")) {
      const found = fresh.getElementById(part.id);
      if (!found || found.isEqualNode(part) || busy(part)) continue;
      replace(part, found);
    }
  }

  function replace(part, found) {
    const before = marks(part), open = new Set();
    for (const fold of part.querySelectorAll("details[open]")) open.add(fold.id || fold.textContent.slice(0, 40));
    const focus = document.activeElement && part.contains(document.activeElement) ? document.activeElement.getAttribute("data-mark") : null;
    const put = document.importNode(found, true);
    part.replaceWith(put);
    for (const fold of put.querySelectorAll("details")) if (open.has(fold.id || fold.textContent.slice(0, 40))) fold.open = true;
    for (const each of put.querySelectorAll("[data-mark]")) {
      const was = before.get(each.dataset.mark);
      if (was !== undefined && was !== each.textContent) each.classList.add("changed");
      if (focus && each.dataset.mark === focus) each.focus({ preventScroll: true });
    }
    scripted(put);
    if (window.htmx) window.htmx.process(put);
  }

  function marks(part) {
    const found = new Map();
    for (const each of part.querySelectorAll("[data-mark]")) found.set(each.dataset.mark, each.textContent);
    return found;
  }

  function poll() {
    if (polling || !main().dataset.after) return;
    state("poll");
    polling = setInterval(refresh, POLL);
  }

  function listen() {
    close();
    if (!main() || !main().dataset.after) return;
    if (!window.EventSource) { poll(); return; }
    const from = last === null ? main().dataset.after : last;
    source = new EventSource("/v1/stream?after=" + encodeURIComponent(from));
    const silent = setTimeout(() => { if (source && source.readyState !== 1) poll(); }, SILENT);
    source.addEventListener("open", () => { clearTimeout(silent); clearInterval(polling); polling = 0; state("live"); });
    for (const kind of ["figures", "reset"]) {
      source.addEventListener(kind, (message) => {
        last = message.lastEventId || last;
        if (kind === "reset" || touched(message)) soon();
      });
    }
    source.addEventListener("error", () => {
      if (!polling) state("lost");
      if (source && source.readyState === 2) { close(); poll(); setTimeout(listen, POLL); }
    });
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  // Small comforts that need a script: copying, and hiding what would do nothing without one.
  function scripted(root) {
    for (const each of root.querySelectorAll(".needs-script[hidden]")) each.hidden = false;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch (error) { document.execCommand("copy"); }
    button.textContent = button.dataset.done;
  });

  // After sleep, or back from the browser's history, the connection may be dead without knowing it.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && main().dataset.after) { listen(); } });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refresh(); } });
  window.addEventListener("online", listen);
  window.addEventListener("pagehide", close);
  document.addEventListener("htmx:afterSwap", () => { scripted(document); last = null; listen(); });

  scripted(document);
  listen();
})();
