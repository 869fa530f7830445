"""The analyst's desk: server-rendered pages and charts over what the store holds."""
