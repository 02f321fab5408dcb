"use strict";
// Thumbnails in the order that is asked for; without this script they stay in the first one.
const list = document.getElementById("items");
const order = document.getElementById("order");
const items = [...list.children];
document.getElementById("sorting").hidden = false;
order.addEventListener("change", () => {
  const key = order.value;
  items.sort((one, other) => one.dataset[key] - other.dataset[key]);
  list.append(...items);
});
