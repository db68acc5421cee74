"""Where recorded events may come next in a made city: forecast, judged, and what is not fair about it."""
