"""An automatic training on the Train page: its phases as a chart, as sentences and in its curves."""
