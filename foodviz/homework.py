"""The numbers of the report that foodviz redoes: what is drawn where nothing else is asked for."""

IDS = (57, 3207, 4707, 3784)  # of the training split, Food-11's own listing
LAYER, FILTERS = "15", (7, 16, 25, 36, 49)
DREAM_PICTURE, DREAM_LAYER, DREAM_FILTER = "5_9", "34", 94
RECOGNISED = "Rice"  # the class whose signs are summed up
