"""Where training pictures come from, and how crops of them become pairs of small and large pictures."""
