"""An automatic training on the Train page: its phases as a chart and as sentences."""
