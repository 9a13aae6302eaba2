"""Accounts of an OpenID Connect provider: who may come in with one, and whose workspace it opens."""
