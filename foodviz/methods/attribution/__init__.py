"""Attribution methods, one file each: `attribute(model, images, targets, …) -> Attribution`; the catalogue lists them."""
