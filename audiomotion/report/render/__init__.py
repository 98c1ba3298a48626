"""A result table in every form: terminal, Markdown, HTML, LaTeX, CSV, JSON."""
