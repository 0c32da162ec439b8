"""The pages: drawn on the server, readable without scripts, Vietnamese with English beside it.

`site` is what every page works with, `reading` what a reader chose (clocks, map, basis, language), one module a page beside
them with its template in `templates/`. Figures come from `services.reporting.questions`; what belongs to another service is
asked there with the visitor's own rights.
"""
