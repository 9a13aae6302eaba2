"""A model as a web page that needs no server and no internet: it answers, explains and learns in the browser."""
