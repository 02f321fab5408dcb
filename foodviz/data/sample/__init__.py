"""The embedded sample data set: food drawn on tables, each picture with its exact mask."""
