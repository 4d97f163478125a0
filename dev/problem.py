"""The one error that the developer's commands show to a person."""


class Problem(Exception):
    """A command cannot go on; the text is one sentence: cause and remedy."""
