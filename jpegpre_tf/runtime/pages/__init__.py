"""Pages of HTML that hold their pictures themselves."""
