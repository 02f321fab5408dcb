"""Attribution methods, a file each: `attribute(model, images, targets, …) -> Attribution`; see the catalogue."""
