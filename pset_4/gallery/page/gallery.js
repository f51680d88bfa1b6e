"use strict";

// The page works without this file: it shows the pictures beside their results. Here are the
// filters, the favorites and the viewer.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);

// One entry for each card on the page, in the order of the page.
const cards = [];
const sections = [...document.querySelectorAll("section.picture")];
sections.forEach((section, index) => {
  const picture = data.pictures[index];
  section.querySelectorAll(".results > li").forEach((element, position) => {
    cards.push({ element, section, picture, result: picture.results[position] });
  });
});

const setPressed = (button, isPressed) => button.setAttribute("aria-pressed", String(isPressed));
const isPressed = (button) => button.getAttribute("aria-pressed") === "true";

// --- Favorites: pairs of image and model, kept by the browser for this page.

const favorites = {
  // Pages from file: share one storage in some browsers.
  storageKey: `pset_4 favorites ${location.pathname}`,
  keys: new Set(),

  keyOf(card) {
    return JSON.stringify([card.picture.name, card.result.model]);
  },

  load() {
    try {
      this.keys = new Set(JSON.parse(localStorage.getItem(this.storageKey)) || []);
    } catch {
      this.keys = new Set(); // no storage in a private window
    }
    cards.forEach((card) => this.show(card));
    this.count();
  },

  has(card) {
    return this.keys.has(this.keyOf(card));
  },

  toggle(card) {
    const key = this.keyOf(card);
    if (!this.keys.delete(key)) this.keys.add(key);
    try {
      localStorage.setItem(this.storageKey, JSON.stringify([...this.keys]));
    } catch {
      // They last as long as the page.
    }
    this.show(card);
    this.count();
  },

  show(card) {
    setPressed(card.element.querySelector(".heart"), this.has(card));
  },

  list() {
    return cards.filter((card) => this.has(card));
  },

  count() {
    const count = this.list().length;
    byId("favorite-count").textContent = count;
    byId("export").disabled = count === 0;
  },

  // Downloads what `python -m pset_4 main --only` reads.
  export() {
    const picks = this.list().map((card) => ({
      image: card.picture.name,
      model: card.result.model,
    }));
    const text = JSON.stringify({ picks }, null, 1) + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "picks.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    byId("summary").textContent = "Saved. Now run: python -m pset_4 main --only picks.json";
  },
};

// --- Filters

const filters = {
  valueOf(id) {
    const select = byId(id); // without folders there is no filter for them
    return select ? select.value : "";
  },

  matches(card) {
    const { name } = card.picture;
    const wanted = {
      picture: this.valueOf("by-picture"),
      folder: this.valueOf("by-folder"),
      style: this.valueOf("by-style"),
    };
    return (
      (!wanted.picture || name === wanted.picture) &&
      (!wanted.folder || name.startsWith(wanted.folder + "/")) &&
      (!wanted.style || card.result.model === wanted.style) &&
      (!isPressed(byId("only-favorites")) || favorites.has(card))
    );
  },

  apply() {
    const counts = new Map(sections.map((section) => [section, 0]));
    for (const card of cards) {
      const isShown = this.matches(card);
      card.element.hidden = !isShown;
      if (isShown) counts.set(card.section, counts.get(card.section) + 1);
    }
    counts.forEach((count, section) => (section.hidden = count === 0));
    const shown = [...counts.values()].reduce((sum, count) => sum + count, 0);
    byId("no-match").hidden = shown > 0;
    byId("summary").textContent = `${shown} of ${cards.length} shown`;
  },
};

// --- The viewer: two pictures, one over the other with a divider, or side by side.

const viewer = {
  dialog: byId("viewer"),
  card: null,

  open(card) {
    this.card = card;
    const { picture, result } = card;
    byId("viewer-title").textContent = picture.name;
    const options = picture.results.filter((other) => other.image).map((other) => other.model);
    this.fill(byId("left"), picture.original ? ["Original", ...options] : options);
    this.fill(byId("right"), options);
    byId("left").value = picture.original ? "Original" : result.model;
    byId("right").value = result.model;
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
    byId("slider").focus();
  },

  fill(select, names) {
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  },

  find(model) {
    return this.card.picture.results.find((result) => result.model === model);
  },

  show() {
    const { picture } = this.card;
    const left = byId("left").value;
    const right = this.find(byId("right").value);
    const isOriginal = left === "Original" && picture.original;
    this.load(byId("left-image"), isOriginal ? picture.original : this.find(left).image, left);
    this.load(byId("right-image"), right.image, right.model);
    const [width, height] = right.image.size;
    byId("frame").style.setProperty("--ratio", width / height);
    this.divide(50);
    this.describe(right);
    this.showFavorite();
  },

  load(element, image, name) {
    element.src = image.full;
    element.alt = `${this.card.picture.name}: ${name}`;
  },

  divide(percentage) {
    byId("slider").value = percentage;
    byId("frame").style.setProperty("--divider", `${percentage}%`);
  },

  describe(result) {
    const rows = data.labels.map((label, index) => [label, data.texts[result.facts[index]]]);
    byId("facts").replaceChildren(
      ...rows.flatMap(([label, value]) => {
        const term = document.createElement("dt");
        const detail = document.createElement("dd");
        term.textContent = label;
        detail.textContent = value;
        if (/^[0-9a-f-]{32,}$/.test(value)) detail.className = "digest";
        return [term, detail];
      }),
    );
    byId("file").href = result.image.full;
  },

  // The card of the right picture, which is the one that becomes a favorite.
  current() {
    const model = byId("right").value;
    return cards.find((card) => card.picture === this.card.picture && card.result.model === model);
  },

  showFavorite() {
    setPressed(byId("favorite"), favorites.has(this.current()));
  },

  step(by) {
    const shown = cards.filter((card) => !card.element.hidden && card.result.image);
    const index = shown.indexOf(this.current());
    if (shown.length) this.open(shown[(index + by + shown.length) % shown.length]);
  },

  toggle(button, name) {
    setPressed(button, !isPressed(button));
    byId("stage").classList.toggle(name, isPressed(button));
  },

  toggleDrawer() {
    const drawer = byId("drawer");
    drawer.hidden = !drawer.hidden;
    byId("more").setAttribute("aria-expanded", String(!drawer.hidden));
  },

  toggleFavorite() {
    favorites.toggle(this.current());
    this.showFavorite();
  },
};

const shortcuts = {
  s: () => viewer.toggle(byId("beside"), "beside"),
  z: () => viewer.toggle(byId("zoom"), "zoomed"),
  f: () => viewer.toggleFavorite(),
  d: () => viewer.toggleDrawer(),
};

// An original opens the viewer with the first result that is shown.
function firstCardOf(section) {
  return cards.find((card) => card.section === section && !card.element.hidden);
}

function openFrom(card, event) {
  if (!card || !card.result.image) return; // the link itself opens the file
  event.preventDefault();
  viewer.open(card);
}

function listen() {
  byId("filters").addEventListener("change", () => filters.apply());
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("only-favorites").addEventListener("click", (event) => {
    setPressed(event.currentTarget, !isPressed(event.currentTarget));
    filters.apply();
  });
  byId("export").addEventListener("click", () => favorites.export());

  // One listener for all cards.
  const cardOf = new Map(cards.map((card) => [card.element, card]));
  byId("pictures").addEventListener("click", (event) => {
    const card = cardOf.get(event.target.closest("li"));
    const sheet = event.target.closest(".as-sheet");
    if (sheet) {
      setPressed(sheet, !isPressed(sheet));
      sheet.closest("section").classList.toggle("sheet", isPressed(sheet));
    } else if (card && event.target.closest(".heart")) {
      favorites.toggle(card);
      if (isPressed(byId("only-favorites"))) filters.apply();
    } else if (event.target.closest("a") && !event.ctrlKey && !event.metaKey) {
      openFrom(card || firstCardOf(event.target.closest("section")), event);
    }
  });

  byId("slider").addEventListener("input", (event) => viewer.divide(event.target.value));
  byId("left").addEventListener("change", () => viewer.show());
  byId("right").addEventListener("change", () => viewer.show());
  byId("beside").addEventListener("click", shortcuts.s);
  byId("zoom").addEventListener("click", shortcuts.z);
  byId("favorite").addEventListener("click", shortcuts.f);
  byId("more").addEventListener("click", shortcuts.d);
  byId("close").addEventListener("click", () => viewer.dialog.close());
  byId("previous").addEventListener("click", () => viewer.step(-1));
  byId("next").addEventListener("click", () => viewer.step(1));
  viewer.dialog.addEventListener("close", () => {
    viewer.card.element.querySelector("a").focus();
    if (isPressed(byId("only-favorites"))) filters.apply();
  });
  viewer.dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.shiftKey && event.key in steps) {
      event.preventDefault();
      viewer.step(steps[event.key]);
    } else if (event.key in shortcuts) {
      shortcuts[event.key]();
    }
  });
}

if (cards.length) {
  favorites.load();
  listen();
}
