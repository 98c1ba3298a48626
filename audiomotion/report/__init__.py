"""Reports: tables beside the published figures, and what the figures are and are not."""
