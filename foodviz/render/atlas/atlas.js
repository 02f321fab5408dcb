"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const search = document.getElementById("search"), found = document.getElementById("found");
  const order = document.getElementById("order");
  const filters = [...document.querySelectorAll(".filter")];
  const cells = new Map();
  for (const link of document.querySelectorAll(".cells a, .map a")) {
    const name = link.getAttribute("href").slice(1);
    cells.set(name, [...(cells.get(name) || []), link]);
  }
  const words = new Map(filters.map((filter) => [filter, spaced(filter.textContent)]));
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const MOST = 96; // filters that a search shows

  function spaced(text) {
    return ` ${text.toLowerCase().replace(/\s+/g, " ")}`;
  }

  /* Every word must begin one of the text's, so that "red" is not in "squared". */
  function fits(text, wanted) {
    return wanted.every((word) => text.includes(` ${word}`));
  }

  function look() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (data.filters) return list(wanted);
    let count = 0;
    for (const filter of filters) {
      filter.hidden = !fits(words.get(filter), wanted);
      count += !filter.hidden;
      for (const cell of cells.get(filter.id) || []) cell.classList.toggle("away", filter.hidden);
    }
    found.textContent = wanted.length ? `${count} of ${filters.length} filters` : "";
  }

  /* On the first page: filters of all layers as pictures that lead to them. */
  function list(wanted) {
    const place = document.getElementById("results");
    const hits = wanted.length ? data.filters.filter(([, , says]) => fits(spaced(says), wanted)) : [];
    place.hidden = !wanted.length;
    found.textContent = wanted.length ? `${hits.length} filters${hits.length > MOST ? `, ${MOST} shown` : ""}` : "";
    place.querySelector("ul").replaceChildren(...hits.slice(0, MOST).map(([index, number, says, cell]) => {
      const layer = data.layers[index], { columns, rows, side } = layer;
      const picture = document.createElementNS(NAMESPACE, "svg"), image = document.createElementNS(NAMESPACE, "image");
      const box = [cell % columns * side, Math.floor(cell / columns) * side, side, side];
      for (const [key, value] of [["class", "thumb"], ["viewBox", box.join(" ")], ["aria-hidden", "true"]]) {
        picture.setAttribute(key, value);
      }
      for (const [key, value] of [["href", `${layer.slug}.webp`], ["width", columns * side], ["height", rows * side]]) {
        image.setAttribute(key, value);
      }
      picture.append(image);
      const item = document.createElement("li"), link = document.createElement("a");
      const name = document.createElement("span"), note = document.createElement("span");
      link.href = `layer-${layer.slug}.html#filter-${number}`;
      name.textContent = `layer ${layer.number}, filter ${number}`;
      note.className = "note";
      note.textContent = says;
      link.append(picture, name, note);
      item.append(link);
      return item;
    }));
  }

  function sort() {
    const key = order.value, place = document.getElementById("filters");
    const value = (filter) => key === "number" ? Number(filter.id.slice(7))
      : key === "likeness" ? Number(filter.dataset.likeness) : -Number(filter.dataset.selectivity);
    place.append(...filters.sort((one, other) => value(one) - value(other)));
  }

  function here() {
    for (const link of document.querySelectorAll(".cells a.here")) link.classList.remove("here");
    const filter = document.getElementById(location.hash.slice(1));
    if (!filter || !filter.classList.contains("filter")) return;
    if (filter.hidden) {
      search.value = "";
      look();
    }
    for (const cell of cells.get(filter.id) || []) cell.classList.add("here");
    filter.focus({ preventScroll: true });
    filter.scrollIntoView();
  }

  function step(by) {
    const shown = filters.filter((filter) => !filter.hidden);
    const at = shown.findIndex((filter) => `#${filter.id}` === location.hash);
    const next = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (next) location.hash = next.id;
  }

  function follow(relation) {
    const link = document.querySelector(`a[rel=${relation}]`) || (relation === "next" && document.querySelector("a.to"));
    if (link) link.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && search) {
      search.value = "";
      search.blur();
      return look();
    }
    if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "/" && search) search.focus();
    else if (by && filters.length && !event.shiftKey) step(by);
    else if (by) follow(by < 0 ? "prev" : "next");
    else return;
    event.preventDefault();
  });
  addEventListener("hashchange", here);
  addEventListener("beforeprint", () => {
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  });
  if (search) {
    search.addEventListener("input", look);
    if (search.value) look(); // what the browser has kept
  }
  if (order) {
    order.addEventListener("change", sort);
    if (order.value !== "number") sort();
  }
  here();
})();
