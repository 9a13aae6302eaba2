"""Training on kept features: what the frozen layers compute of fixed views, stored once and shared by runs."""
