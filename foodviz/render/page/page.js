"use strict";
(() => {
  const { sections, palettes } = JSON.parse(document.getElementById("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const colours = { magnitude: bytes(palettes.magnitude), signed: bytes(palettes.signed) };
  const short = (value) => Number(value.toPrecision(2)).toString();

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key.includes("-") || key === "role" || key === "for") element.setAttribute(key, value);
      else element[key] = value;
    }
    element.append(...children);
    return element;
  }

  function places(kind, fill) {
    for (const place of document.querySelectorAll(`[data-${kind}]`)) {
      const name = place.getAttribute(`data-${kind}`);
      fill(place, sections[name][kind], name);
      place.hidden = false;
    }
  }

  function paint(canvas, map, factor, signed) {
    const values = bytes(map.bytes), table = signed ? colours.signed : colours.magnitude;
    canvas.width = map.width;
    canvas.height = map.height;
    canvas.classList.toggle("cells", map.width < 64);
    const context = canvas.getContext("2d"), picture = context.createImageData(map.width, map.height);
    values.forEach((value, index) => {
      const share = (map.signed ? (value - 128) / 127 : value / 255) * factor;
      const level = Math.round(Math.min(1, signed ? (share + 1) / 2 : share) * 255);
      picture.data.set(table.subarray(3 * level, 3 * level + 3), 4 * index);
      picture.data[4 * index + 3] = 255 * Math.sqrt(Math.min(1, Math.abs(share))); // where it says little, the photograph shows
    });
    context.putImageData(picture, 0, 0);
  }

  /* At the head of the page: the first photographs with their maps, leading to the section that shows them. */
  for (const place of document.querySelectorAll("[data-lead]")) {
    const { photographs, maps } = sections[place.dataset.lead].viewer;
    photographs.slice(0, 4).forEach((photograph, index) => {
      const canvas = make("canvas", { role: "img", "aria-label": `Map over ${photograph.name}` });
      paint(canvas, maps[0][index], 1, maps[0].some((map) => map.signed));
      place.append(make("span", {},
        make("span", { className: "stack" }, make("img", { src: photograph.uri, alt: "" }), canvas), photograph.said));
    });
    place.hidden = false;
  }

  /* The photograph with its map laid over: opacity, choice of map, one scale each or one for all. */
  places("viewer", (place, viewer, name) => {
    const slider = make("input", { type: "range", min: 0, max: 100, value: 85, id: `${name}-opacity` });
    const controls = make("div", { className: "controls" },
      make("label", { for: slider.id }, "Map over photograph", slider));
    let select = null;
    if (viewer.choices.length > 1) {
      select = make("select", { id: `${name}-choice` },
        ...viewer.choices.map((choice, index) => make("option", { value: index }, choice)));
      controls.append(make("label", { for: select.id }, "Map of", select));
    }
    const radios = ["each picture's own", "one for all"].map((text, index) => {
      const radio = make("input", { type: "radio", name: `${name}-scale`, value: index, checked: index === 0 });
      radio.addEventListener("change", draw);
      return make("label", {}, radio, text);
    });
    controls.append(make("fieldset", {}, make("legend", {}, "Scale"), ...radios));
    const shown = viewer.photographs.map((photograph) => {
      const canvas = make("canvas", { role: "img" });
      const words = make("span");
      const figure = make("figure", {},
        make("div", { className: "stack" }, make("img", { src: photograph.uri, alt: "" }), canvas),
        make("figcaption", {}, make("strong", {}, photograph.name), make("br"), photograph.said, make("br"), words));
      return { photograph, canvas, words, figure };
    });
    const bar = make("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    const least = make("span"), most = make("span");
    place.append(controls, make("div", { className: "photographs" }, ...shown.map((each) => each.figure)),
      make("div", { className: "bar" }, least, bar, most, viewer.unit));

    function draw() {
      const maps = viewer.maps[select ? Number(select.value) : 0];
      const all = Math.max(...maps.map((map) => map.top)) || 1;
      const shared = radios[1].querySelector("input").checked;
      const signed = maps.some((map) => map.signed);
      shown.forEach((each, index) => {
        const map = maps[index];
        paint(each.canvas, map, shared ? map.top / all : 1, signed);
        each.words.textContent = `largest ${short(map.top)}`;
        each.canvas.setAttribute("aria-label", `Map over ${each.photograph.name}, largest value ${short(map.top)}`);
      });
      const line = bar.getContext("2d"), picture = line.createImageData(256, 1);
      const table = signed ? colours.signed : colours.magnitude;
      for (let level = 0; level < 256; level++) picture.data.set([...table.subarray(3 * level, 3 * level + 3), 255], 4 * level);
      line.putImageData(picture, 0, 0);
      const end = shared ? short(all) : "its largest";
      least.textContent = signed ? `-${end}` : "0";
      most.textContent = end;
    }
    function fade() { for (const each of shown) each.canvas.style.opacity = slider.value / 100; }
    slider.addEventListener("input", fade);
    if (select) select.addEventListener("change", draw);
    draw();
    fade();
  });

  /* A button per filter opens its card. */
  places("cards", (place, cards) => {
    const names = sections.confusion && sections.confusion.matrix ? sections.confusion.matrix.names : null;
    place.append(make("p", { className: "note" }, "Choose a filter to see the photographs that excite it most."),
      make("div", { className: "buttons" }, ...cards.map((card) => {
        const title = `Filter ${card.number}`;
        const button = make("button", { type: "button", "aria-haspopup": "dialog" },
          make("img", { src: (doubtful(card) ? card.crops : card.drawings)[0].uri, alt: `What excites ${title.toLowerCase()}` }),
          title);
        button.addEventListener("click", () => open(card, title, names));
        return button;
      })));
  });

  /* What is drawn and reaches its activation by another way than photographs is no picture of what the filter seeks. */
  function doubtful(card) { return card.drawings.some((drawing) => drawing.doubtful); }

  function open(card, title, names) {
    const close = make("button", { type: "button" }, "Close");
    const largest = Math.max(...card.means.map((mean) => Math.abs(mean || 0))) || 1;
    const rows = card.means.map((mean, index) => {
      const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      box.setAttribute("viewBox", "-100 0 200 10");
      box.setAttribute("preserveAspectRatio", "none");
      box.setAttribute("aria-hidden", "true");
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const length = Math.abs(mean || 0) / largest * 100;
      rect.setAttribute("x", mean < 0 ? -length : 0);
      rect.setAttribute("width", length);
      rect.setAttribute("height", 10);
      rect.setAttribute("class", mean < 0 ? "against" : "for");
      box.append(rect);
      return make("tr", {}, make("th", { scope: "row" }, names ? names[index] : `class ${index}`),
        make("td", {}, box), make("td", {}, mean === null ? "–" : short(mean)));
    });
    const drawn = [make("h4", {}, "Drawn"), make("ul", { className: "drawings" }, ...card.drawings.map((drawing) =>
      make("li", { className: drawing.doubtful ? "doubtful" : "" }, make("img", { src: drawing.uri, alt: "" }), drawing.title,
        ...drawing.says.flatMap((line) => [make("br"), line]))))];
    const photographs = [make("h4", {}, "Photographs that excite it most, and how much"),
      make("ul", { className: "thumbs" }, ...card.crops.map((crop) =>
        make("li", {}, make("img", { src: crop.uri, alt: "" }), `${short(crop.peak)}  ${crop.name.replaceAll("/", "/\u200b")}`)))];
    const dialog = make("dialog", { "aria-label": title },
      make("h3", {}, title), make("p", {}, card.says), ...card.remarks.map((remark) => make("p", { className: "note" }, remark)),
      ...(card.warning ? [make("p", { className: "doubtful" }, card.warning)] : []),
      ...(doubtful(card) ? [...photographs, ...drawn] : [...drawn, ...photographs]),
      make("table", {}, make("caption", {}, "Mean activation for each class"), make("tbody", {}, ...rows)),
      close);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    dialog.scrollTop = 0; // the button at its end has the focus
  }

  /* Every cell shows some of its pictures: on hover, by keyboard (arrows), on a tap. */
  places("matrix", (place, matrix) => {
    const panel = make("div", { className: "panel", "aria-live": "polite" },
      make("p", {}, "Point at a cell, or walk with the arrow keys, to see its pictures."));
    const cells = matrix.counts.map((row, true_) => row.map((count, predicted) => {
      const look = `${true_ === predicted ? "right" : "wrong"} l${matrix.levels[true_][predicted]}`;
      if (!count) return make("span", { className: look }, "");
      const button = make("button", { type: "button", className: look, tabIndex: -1 }, String(count));
      const words = true_ === predicted ? `${matrix.names[true_]} named rightly`
        : `${matrix.names[true_]} taken for ${matrix.names[predicted]}`;
      button.setAttribute("aria-label", `${words}: ${count}`);
      button.setAttribute("aria-pressed", "false");
      const show = () => {
        for (const other of place.querySelectorAll("[aria-pressed=true]")) other.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-pressed", "true");
        const pictures = matrix.cells[`${true_} ${predicted}`] || [];
        panel.replaceChildren(
          make("p", {}, make("strong", {}, words), `: ${count}${count > pictures.length ? `; the surest ${pictures.length}` : ""}`),
          make("ul", { className: "thumbs" }, ...pictures.map((picture) =>
            make("li", {}, make("img", { src: picture.uri, alt: "" }), picture.name))));
      };
      for (const event of ["mouseenter", "focus", "click"]) button.addEventListener(event, show);
      button.addEventListener("keydown", (event) => walk(event, true_, predicted));
      return button;
    }));
    function walk(event, row, column) {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      do {
        row += step[0];
        column += step[1];
      } while (cells[row] && cells[row][column] && cells[row][column].tagName !== "BUTTON");
      if (cells[row] && cells[row][column]) cells[row][column].focus();
    }
    const first = cells.flat().find((cell) => cell.tagName === "BUTTON");
    if (first) first.tabIndex = 0;
    const table = make("table", { "aria-label": "Confusion matrix" },
      make("thead", {}, make("tr", {}, make("td"), ...matrix.names.map((each) => make("th", { scope: "col" }, each.replaceAll("/", "/\u200b"))))),
      make("tbody", {}, ...cells.map((row, index) =>
        make("tr", {}, make("th", { scope: "row" }, matrix.names[index]), ...row.map((cell) => make("td", {}, cell))))));
    place.append(make("p", { className: "note" }, "True class down, predicted class across; blue is right, red is wrong."),
      make("div", { className: "scroll" }, table), panel);
  });

  /* The dream's frames under a scrubber. */
  places("frames", (place, frames, name) => {
    const picture = make("img", { className: "shown" });
    const slider = make("input", { type: "range", min: 0, max: frames.length - 1, value: frames.length - 1, id: `${name}-step` });
    const words = make("output", { htmlFor: slider.id });
    const play = make("button", { type: "button" }, "Play");
    let timer = null;
    function show() {
      const frame = frames[Number(slider.value)];
      picture.src = frame.uri;
      const what = frame.step ? `step ${frame.step}` : "the photograph";
      picture.alt = `The dream: ${what}, predicted ${frame.predicted}`;
      words.textContent = `${what}: objective ${short(frame.objective)}, ${frame.predicted} ${Math.round(frame.probability * 100)}%`;
      slider.setAttribute("aria-valuetext", words.textContent);
    }
    function stop() {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
    }
    slider.addEventListener("input", () => { stop(); show(); });
    play.addEventListener("click", () => {
      if (timer) return stop();
      if (Number(slider.value) === frames.length - 1) slider.value = 0;
      play.textContent = "Stop";
      timer = setInterval(() => {
        slider.value = Number(slider.value) + 1;
        show();
        if (Number(slider.value) === frames.length - 1) stop();
      }, 160);
    });
    place.append(picture, make("div", { className: "controls" }, make("label", { for: slider.id }, "Step", slider), play, words));
    show();
  });

  /* Closed settings are printed, too. */
  addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
})();
