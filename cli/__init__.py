"""The edge of lokid: `lokictl`, one file per noun, and the composition root."""
