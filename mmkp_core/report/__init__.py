"""The report: plain tables of what was scored, made into a page for the browser and one in Markdown."""
