"""Arguments: the parser, the list of verbs, what several verbs take, with their checks."""
